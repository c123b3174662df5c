"""Two people, two workers or two sweepers at the same instant: one wins, nothing doubles."""

import re
import time
from collections import Counter

import pytest

from tests.console import Console
from tests.factories import CRACK, jpeg
from tests.faults.arming import Failpoints
from tests.faults.conftest import LEASE_SECONDS
from tests.faults.repeats import LIMIT, repeated, times
from tests.faults.visit import Visit, at_once
from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

PAIRS = 100
ROUNDS_A_MOMENT = times(2, 20)
PRESSES = times(10, 20)


def test_identical_photos_at_the_same_instant_are_stored_once(visit: Visit) -> None:
    """F30: a hundred pairs: each gives one 201 and one 200, and no error."""
    answers: Counter[tuple[int, ...]] = Counter()
    for _ in range(PAIRS):
        content = jpeg(CRACK)
        pair = at_once(*[lambda content=content: visit.send(content, cracked=True)] * 2)
        answers[tuple(sorted(sent.status for sent in pair))] += 1
    assert answers == {(200, 201): PAIRS}
    visit.wait_ended(PAIRS, seconds=60)
    visit.assert_kept()


def test_a_hundred_identical_uploads_at_once_give_one_row(visit: Visit) -> None:
    content = jpeg(CRACK)
    sent = at_once(*[lambda: visit.send(content, cracked=True)] * 100)
    assert Counter(one.status for one in sent) == {201: 1, 200: 99}
    visit.wait_ended(1, seconds=30)
    visit.assert_kept()


SWEEP = "from classifier import tasks; tasks.sweep()"


@repeated(20)
def test_overlapping_sweeps_ring_once_a_lease(
    site: LiveSite, visit: Visit, console: Console
) -> None:
    """F32: no more messages than photos in each lease, however many sweepers run."""
    site.kill("classify")
    site.kill("valkey")
    log_before = len(site.log("classify"))
    visit.send_many(20)  # nobody could be told of them
    site.start_valkey()
    begin = time.monotonic()
    for _ in range(3):  # beside the sweeper of the site, every second
        console.run("shell", "--no-imports", "-c", SWEEP)
    site.start_worker()
    visit.wait_ended(20, seconds=60)
    received = re.findall(r"classify_photo\[\S+\] received", site.log("classify")[log_before:])
    leases = 1 + int((time.monotonic() - begin) / LEASE_SECONDS)
    assert 20 <= len(received) <= 20 * leases
    visit.assert_kept()


def decide(session: Session, photo: int, outcome: str, seen: str = "") -> int:
    fields: dict[str, object] = {"outcome": outcome, "cause": "joint", "seen": seen}
    return session.submit(f"/photos/{photo}/decisions/", fields).status_code


def test_of_two_reviewers_at_the_same_instant_the_first_wins(site: LiveSite, visit: Visit) -> None:
    """F33: the other gets 409 with what stands now; the log holds one decision each."""
    second = site.sign_in()
    photos = [sent.pk for sent in visit.send_many(times(20, 100))]
    visit.wait_ended(len(photos), seconds=60 + len(photos))
    for photo in photos:
        outcomes = at_once(
            lambda photo=photo: decide(visit.session, photo, "confirmed"),  # type: ignore[misc]  # bound
            lambda photo=photo: decide(second, photo, "dismissed"),  # type: ignore[misc]  # bound
        )
        assert sorted(outcomes) == [200, 409]
    decided = "SELECT count(*), count(DISTINCT photo_id) FROM classifier_decision WHERE photo_id IN"
    listed = ",".join(map(str, photos))
    assert site.rows(f"{decided} ({listed})") == [(len(photos), len(photos))]
    late = "SELECT count(*) FROM classifier_auditevent WHERE action = 'answer came too late'"
    assert site.value(f"{late} AND subject_id IN ({listed})") == len(photos)


def test_a_decision_during_a_classification_stands(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F34: a person decides while the worker is about to write its answer."""
    for moment in ("W2", "W4", "W5", "W6", "W7") * ROUNDS_A_MOMENT:
        failpoints.arm(moment, "hold")
        photo = visit.send(cracked=True).pk
        failpoints.wait_held(moment)
        before = site.value("SELECT count(*) FROM classifier_decision")
        answers = at_once(
            lambda photo=photo: decide(visit.session, photo, "confirmed"),  # type: ignore[misc]  # bound
            failpoints.disarm,
        )
        assert answers[0] == 200
        assert site.value("SELECT count(*) FROM classifier_decision") == before + 1
    visit.wait_ended(len(visit.sent), seconds=30 + len(visit.sent))
    visit.assert_kept()


@repeated(50)
def test_a_photo_whose_structure_is_deleted_in_the_queue_ends_quietly(
    site: LiveSite, visit: Visit, failpoints: Failpoints, console: Console
) -> None:
    """F35: one photo in hand, the others waiting; nothing comes back to life."""
    failpoints.arm("W6", "hold")
    visit.send_many(10)
    failpoints.wait_held("W6")
    console.run("shell", "--no-imports", "-c", DELETE.format(visit.photo_set))
    log_before = len(site.log("classify"))
    failpoints.disarm()
    again = Visit(site, visit.session)
    again.send()
    again.wait_ended(1, seconds=30)
    assert visit.count() == 0
    assert "Traceback" not in site.log("classify")[log_before:]
    left = site.value(
        "SELECT count(*) FROM classifier_prediction p LEFT JOIN classifier_photo f "
        "ON f.id = p.photo_id WHERE f.id IS NULL"
    )
    assert left == 0


DELETE = (
    "from classifier.models import PhotoSet; "
    "PhotoSet.objects.get(pk={}).inspection.structure.delete()"
)


def test_two_presses_of_train_start_one_run(site: LiveSite, visit: Visit) -> None:
    """F37: whoever presses second gets 409, with a link to the run of the first."""
    other = Visit(site, visit.session)
    photos = [sent.pk for sent in (*visit.send_many(8), *other.send_many(4))]
    visit.wait_ended(8, seconds=30)
    other.wait_ended(4, seconds=30)
    for number, photo in enumerate(photos):
        decide(visit.session, photo, "confirmed" if number % 2 else "dismissed")
    runs = "SELECT count(*) FROM classifier_trainingrun WHERE state = 'queued'"
    for _ in range(PRESSES):
        answers = at_once(*[lambda: visit.session.submit("/training-runs/")] * 4)
        assert site.value(runs) == 1
        newest = site.value("SELECT max(id) FROM classifier_trainingrun")
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert all(f"/training-runs/{newest}/" in answer.text for answer in answers)
        visit.session.submit(f"/training-runs/{newest}/cancel/")
    wait_until(lambda: site.value(runs) == 0, "the last one is cancelled", seconds=10)
