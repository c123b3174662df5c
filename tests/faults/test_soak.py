"""Faults over many minutes: `./dev faults --long`. HAIRLINE_SCALE makes each of them shorter."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from resource import RLIMIT_NOFILE, prlimit

import pytest
import redis
import requests

from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.figures import scaled
from tests.faults.test_worker_kills import BUSY
from tests.faults.visit import Visit, percentile
from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(5400)]


def doubled(site: LiveSite) -> int:
    """How many predictions there are beyond one a photo and version."""
    return site.value(
        "SELECT count(*) - count(DISTINCT photo_id * 1000 + model_version_id) "
        "FROM classifier_prediction"
    )


def test_no_photo_is_lost_in_two_hundred_kills(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F03: whole workers, killed at random moments while 20,000 small photos pass."""
    photos, kills = scaled(20_000), max(1, scaled(200))
    failpoints.arm_always("W5", BUSY)
    sender = threading.Thread(target=visit.send_many, args=(photos,))
    sender.start()
    wait_until(lambda: visit.count("classified") > 0, "work begins", seconds=60)
    chance, done = random.Random(3), 0
    while done < kills and (sender.is_alive() or visit.count(*("waiting", "classifying"))):
        time.sleep(chance.uniform(0.05, 1.5))
        site.kill("classify")
        site.start_worker()
        done += 1
    sender.join()
    failpoints.disarm()
    visit.wait_ended(photos, seconds=120 + photos / 10)
    visit.assert_kept()
    again = site.value("SELECT count(*) FROM classifier_photo WHERE attempts > 1")
    figures.note(
        "F03", photos=photos, kills=done, lost=0, double_results=doubled(site), judged_again=again
    )


def test_a_busy_sqlite_answers_nobody_that_it_is_locked(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F26: four uploaders, two workers and a reviewer for ten minutes."""
    site.start_worker("second")
    logs = {name: len(site.log(name)) for name in ("web", "classify", "second", "beat")}
    end = time.monotonic() + scaled(600)
    visits = [Visit(site, visit.session, visit.photo_set) for _ in range(4)]
    statuses, seconds = review_until(end, site, visit, visits)
    locked = sum(site.log(name)[at:].count("database is locked") for name, at in logs.items())
    site.kill("second")
    visit.sent = [sent for other in visits for sent in other.sent]
    visit.wait_ended(len(visit.stored()), seconds=300 + len(visit.sent) / 5)
    visit.assert_kept()
    slow = percentile([sent.seconds for sent in visit.sent], 0.95)
    uploads = Counter(sent.status for sent in visit.sent)
    figures.note(
        "F26",
        minutes=scaled(600) / 60,
        uploads=dict(uploads),
        decisions=dict(statuses),
        locked=locked,
        upload_p95_ms=round(slow * 1000),
        review_p95_ms=round(percentile(seconds, 0.95) * 1000),
    )
    assert (locked, set(uploads), set(statuses)) == (0, {201}, {200})


def review_until(
    end: float, site: LiveSite, visit: Visit, visits: list[Visit]
) -> tuple[Counter[int], list[float]]:
    """Upload from all visits and decide on what is flagged until `end`."""

    def upload(other: Visit) -> None:
        while time.monotonic() < end:
            other.send(cracked=True)

    threads = [threading.Thread(target=upload, args=(other,)) for other in visits]
    for thread in threads:
        thread.start()
    statuses: Counter[int] = Counter()
    seconds: list[float] = []
    reviewer, last = site.sign_in(), 0
    while time.monotonic() < end:
        rows = site.rows(
            "SELECT id FROM classifier_photo WHERE state = 'classified' AND decision_id IS NULL "
            f"AND photo_set_id = {visit.photo_set} AND id > {last} ORDER BY id LIMIT 1"
        )
        if not rows:
            time.sleep(0.05)
            continue
        last = int(str(rows[0][0]))
        begin = time.monotonic()
        statuses[decide(reviewer, last)] += 1
        seconds.append(time.monotonic() - begin)
    for thread in threads:
        thread.join()
    return statuses, seconds


def decide(reviewer: Session, photo: int) -> int:
    fields: dict[str, object] = {"outcome": "confirmed", "seen": ""}
    return reviewer.submit(f"/photos/{photo}/decisions/", fields, json=True).status_code


# --- a broker in trouble ---
Trouble = Callable[["redis.Redis"], None]


def full(valkey: "redis.Redis") -> None:
    valkey.config_set("maxmemory", "1")


def cannot_save(valkey: "redis.Redis") -> None:
    """Its snapshot cannot be written, so that it refuses writes (MISCONF)."""
    (folder,) = valkey.config_get("dir").values()
    subprocess.run(["mkdir", f"{folder}/taken"], check=True)
    valkey.config_set("dbfilename", "taken")
    valkey.config_set("save", "3600 1")
    valkey.set("changed", 1)
    valkey.bgsave()


def refuses(valkey: "redis.Redis") -> bool:
    try:
        valkey.set("probe", "x")
    except redis.RedisError as error:
        return "OOM" in str(error) or "MISCONF" in str(error)
    return False


@pytest.mark.parametrize(("row", "trouble"), [("F18", full), ("F19", cannot_save)])
def test_a_broker_that_takes_no_writes_loses_no_photo(
    site: LiveSite, visit: Visit, row: str, trouble: Trouble
) -> None:
    """F18, F19: uploads are answered; once it takes writes again all is classified."""
    with redis.Redis(unix_socket_path=str(site.layout.valkey_socket)) as valkey:
        trouble(valkey)
        wait_until(lambda: refuses(valkey), "it refuses writes", seconds=10)
        sent = [visit.send() for _ in range(20)]
        valkey.config_set("save", "")
        valkey.config_set("maxmemory", "0")
    begin = time.monotonic()
    visit.wait_ended(20, seconds=60)
    visit.assert_kept()
    assert {one.status for one in sent} == {201}
    figures.note(
        row,
        uploads=20,
        slowest_ms=round(max(one.seconds for one in sent) * 1000),
        all_classified_after_s=round(time.monotonic() - begin, 1),
    )


def test_a_broker_out_of_reach_for_half_a_minute_loses_no_photo(
    site: LiveSite, visit: Visit
) -> None:
    """F42: frozen, as a cut network shows itself, three times while photos come in."""
    for _ in range(3):
        visit.send_many(10)
        site.kill("valkey", signal.SIGSTOP)
        visit.send_many(10)
        time.sleep(scaled(30))
        site.kill("valkey", signal.SIGCONT)
    begin = time.monotonic()
    visit.wait_ended(60, seconds=120)
    visit.assert_kept()
    figures.note("F42", photos=60, cuts=3, all_classified_after_s=round(time.monotonic() - begin))


# --- the machine in trouble ---
@pytest.mark.parametrize("moment", ["T2", "T4"])
def test_a_disk_that_is_full_during_a_training_fails_the_run_alone(
    site: LiveSite, visit: Visit, failpoints: Failpoints, moment: str
) -> None:
    """F22: no half model is listed, and the old version goes on."""
    site.start_trainer()
    other = Visit(site, visit.session)
    photos = [sent.pk for sent in (*visit.send_many(8), *other.send_many(4))]
    visit.wait_ended(8, seconds=60)
    other.wait_ended(4, seconds=60)
    for number, photo in enumerate(photos):
        outcome = "confirmed" if number % 2 else "dismissed"
        fields: dict[str, object] = {"outcome": outcome, "cause": "joint", "seen": ""}
        visit.session.submit(f"/photos/{photo}/decisions/", fields)
    versions = "SELECT count(*) FROM classifier_modelversion"
    before = site.value(versions)
    failpoints.arm(moment, "full")
    visit.session.submit("/training-runs/", {"anyway": "1"})
    newest = "SELECT state FROM classifier_trainingrun ORDER BY id DESC LIMIT 1"
    wait_until(lambda: site.rows(newest) == [("failed",)], "the run has failed", seconds=60)
    assert site.value(versions) == before
    visit.send()
    visit.wait_ended(9, seconds=60)
    site.kill("train")


def test_a_log_that_cannot_be_written_stops_no_request(site: LiveSite, visit: Visit) -> None:
    """F44: the disk of the log is full."""
    site.kill("web")
    command = f"exec {sys.executable} -m gunicorn inspection_site.wsgi --worker-class gthread "
    options = f"--threads 8 --bind 127.0.0.1:{site.port} --no-control-socket --access-logfile -"
    site.start("web", ["sh", "-c", f"{command}{options} >/dev/full 2>&1"])
    wait_until(site.is_healthy, "the web server answers", seconds=40)
    assert {sent.status for sent in visit.send_many(20)} == {201}
    site.kill("web")
    site.start_web()
    visit.wait_ended(20, seconds=60)
    visit.assert_kept()
    figures.note("F44", uploads=20, answered=20)


def test_a_web_server_out_of_file_handles_recovers(site: LiveSite, visit: Visit) -> None:
    """F45: with 64 handles and 100 callers that hold on; afterwards all is as before."""
    before = [(pid, prlimit(pid, RLIMIT_NOFILE)) for pid in site.children("web")]
    for pid, _ in before:
        prlimit(pid, RLIMIT_NOFILE, (64, 64))
    callers = [requests.Session() for _ in range(100)]
    for caller in callers:
        caller.trust_env = False
        try:
            caller.get(site.url("/readyz"), timeout=2)
        except requests.RequestException:
            continue
    begin = time.monotonic()
    for caller in callers:
        caller.close()
    wait_until(lambda: visit.send().status == 201, "photos are taken again", seconds=10)
    recovered = time.monotonic() - begin
    for pid, limits in before:
        prlimit(pid, RLIMIT_NOFILE, limits)
    visit.wait_ended(1, seconds=30)
    visit.assert_kept()
    figures.note("F45", callers=100, handles=64, recovered_after_s=round(recovered, 1))
