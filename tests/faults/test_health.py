"""What monitoring is told when a part of the site stands still, and what the logs tell."""

import json
import signal
import time

import pytest
import requests

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


def test_the_system_page_counts_workers_and_opens_without_the_broker(
    site: LiveSite, visit: Visit
) -> None:
    """Frozen, not merely dead: an answer that asked the broker would wait for it."""
    wait_until(
        lambda: "classify@" in visit.session.open("/system/"), "the census is taken", seconds=40
    )
    page = visit.session.open("/system/")
    assert "maint@" in page
    assert "Without a worker: train" in page
    site.kill("valkey", signal.SIGSTOP)
    begin = time.monotonic()
    assert "classify@" in visit.session.open("/system/")
    assert "hairline_photos" in visit.session.open("/metrics")
    assert time.monotonic() - begin < 2
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
