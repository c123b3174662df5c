"""What monitoring is told when a part of the site stands still, and what the logs tell."""

import json
import signal

import pytest
import requests

from inspection_site.processes import beat_command
from tests.factories import jpeg
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


def told(site: LiveSite, path: str) -> tuple[int, str]:
    with requests.Session() as plain:
        plain.trust_env = False
        answer = plain.get(site.url(path), timeout=5)
        return answer.status_code, answer.json()["status"]


def test_one_id_leads_from_an_upload_to_its_classification(site: LiveSite, visit: Visit) -> None:
    """S18: as JSON lines of both processes, without the name, the session or a forged line."""
    answer = visit.post(jpeg(), name="Miller house.jpg")
    request_id = answer.headers["X-Request-ID"]
    wait_until(lambda: request_id in site.log("classify"), "the worker tells it", seconds=30)
    visit.wait_ended(1, seconds=30)
    for process, named in (("web", "route"), ("classify", "task")):
        own = [line for line in site.log(process).splitlines() if request_id in line]
        assert named in json.loads(own[-1])
        assert "Miller" not in site.log(process)
        assert visit.session.cookies["sessionid"] not in site.log(process)
        assert site.password not in site.log(process)


CENSUS = ("classify@", "maint@", "Without a worker: train")


def test_the_system_page_counts_workers_and_opens_without_the_broker(
    site: LiveSite, visit: Visit
) -> None:
    """Frozen, not merely dead: what it last told is shown."""
    wait_until(
        lambda: all(words in visit.session.open("/system/") for words in CENSUS),
        "the census is taken",
        seconds=60,
    )
    site.kill("valkey", signal.SIGSTOP)
    assert "classify@" in visit.session.open("/system/")
    assert "hairline_photos" in visit.session.open("/metrics")
    site.kill("valkey", signal.SIGCONT)


def test_a_dead_sweeper_is_told_to_monitoring(site: LiveSite, visit: Visit) -> None:
    """F43: pages and uploads go on; what piled up is classified after the restart."""
    wait_until(lambda: told(site, "/healthz") == (200, "ok"), "all is well", seconds=30)
    site.kill("beat")
    site.kill("valkey")
    visit.send_many(10)
    wait_until(lambda: told(site, "/healthz") == (503, "degraded"), "it is told", seconds=30)
    assert told(site, "/readyz") == (200, "ok")
    site.start_valkey()
    site.start_beat()
    visit.wait_ended(10, seconds=60)
    wait_until(lambda: told(site, "/healthz") == (200, "ok"), "all is well again", seconds=30)
    visit.assert_kept()


def test_workers_start_where_their_logs_have_no_room(site: LiveSite, visit: Visit) -> None:
    """F44: whatever a process says as it starts, it does not end of it."""
    for name in ("full", "full-beat"):
        (site.layout.logs / f"{name}.log").symlink_to("/dev/full")
    site.kill("classify")
    site.kill("beat")
    site.start_worker("full")
    site.start("full-beat", beat_command(schedule=site.layout.beat_schedule))
    visit.send_many(2)
    visit.wait_ended(2, seconds=60)
    wait_until(lambda: told(site, "/healthz") == (200, "ok"), "it is swept", seconds=30)
    for name in ("full", "full-beat"):
        site.kill(name)
    site.start_worker()
    site.start_beat()
    visit.assert_kept()
