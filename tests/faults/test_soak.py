"""Faults over many minutes: `./dev faults --long`. HAIRLINE_SCALE makes each of them shorter."""

import random
import threading
import time
from collections import Counter

import pytest

from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.figures import scaled
from tests.faults.test_worker_kills import BUSY
from tests.faults.visit import ENDED, Visit, percentile
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
    photos, kills = scaled(20_000), figures.kills(200)
    failpoints.arm_always("W5", BUSY)
    sender = threading.Thread(target=visit.send_many, args=(photos,))
    sender.start()
    wait_until(lambda: visit.count("classified") > 0, "work begins", seconds=60)
    chance, done, overdue = random.Random(3), 0, 0
    while done < kills and (sender.is_alive() or visit.count(*("waiting", "classifying"))):
        time.sleep(chance.uniform(0.05, 1.5))
        site.kill("classify")
        site.start_worker()
        done += 1
        _wait_for_work(visit)
        overdue = max(overdue, site.value(OVERDUE))
    sender.join()
    failpoints.disarm()
    healed = drain(site, visit, photos, overdue=overdue)
    set_aside = visit.try_again()
    visit.assert_kept()
    again = site.value("SELECT count(*) FROM classifier_photo WHERE attempts > 1")
    twice = doubled(site)
    figures.note(
        "F03",
        photos=photos,
        kills=done,
        lost=0,
        double_results=twice,
        judged_again=again,
        set_aside_after_three_kills=set_aside,
        **healed,
    )
    assert twice == 0


OVERDUE = (
    "SELECT coalesce(max(strftime('%s', 'now') - strftime('%s', lease_until)), 0) "
    "FROM classifier_photo WHERE state = 'classifying'"
)


def drain(site: LiveSite, visit: Visit, photos: int, *, overdue: int) -> dict[str, int]:
    """Wait until all have ended, which takes as long as the backlog and at most 90 s more.

    However slow the machine is: at no moment does work stand still for 90 s, and no photo whose
    worker died waits as long after its lease.
    """
    backlog = left = visit.count("waiting", "classifying")
    begin = moved = time.monotonic()
    still = 0.0
    while left:
        time.sleep(0.5)
        before, left = left, photos - visit.count(*ENDED)
        moved = time.monotonic() if left < before else moved
        still = max(still, time.monotonic() - moved)
        overdue = max(overdue, site.value(OVERDUE))
        assert still <= 90, f"{left} have not ended: {visit.states()}"
        assert overdue <= 90, f"a photo whose worker died waits for {overdue} s"
    return {
        "backlog_after_last_kill": backlog,
        "all_ended_s": round(time.monotonic() - begin),
        "longest_standstill_s": round(still),
        "longest_beyond_lease_s": overdue,
    }


def _wait_for_work(visit: Visit) -> None:
    """Until the new worker is at it: a kill while it starts would prove little."""
    before = visit.count("classified")
    wait_until(
        lambda: visit.count("classified") > before or not visit.count("waiting", "classifying"),
        "work goes on after the kill",
        seconds=90,
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
