"""Workers that die, hang or stand still while they hold a photo."""

import os
import random
import signal
import time

import pytest

from tests.console import Console
from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.conftest import LEASE_SECONDS
from tests.faults.figures import scaled
from tests.faults.repeats import LIMIT, THOROUGH, repeated, times
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

MOMENTS = ("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8")
KILLS_A_MOMENT = 2
NEIGHBOURS = times(20, 199)
TAKEN_TWICE = times(30, 200)
BUSY = "sleep 0.03"  # the stub engine is quicker than any kill


@repeated(5)
def test_a_child_killed_at_any_moment_loses_and_doubles_nothing(
    visit: Visit, failpoints: Failpoints
) -> None:
    """F01: two kills a moment; each photo ends within 30 s of its own."""
    for number, moment in enumerate(MOMENTS, start=1):
        failpoints.arm(moment, "kill", times=KILLS_A_MOMENT)
        visit.send_many(3)
        failpoints.wait_struck(moment)
        visit.wait_ended(3 * number, seconds=30)
    visit.assert_kept()


def survive_kills(site: LiveSite, visit: Visit, *, photos: int, kills: int) -> None:
    """Kill parent and child at random moments while photos are judged; back a moment later."""
    visit.send_many(photos)
    chance = random.Random(2)
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 1.5))
        site.kill("classify")
        time.sleep(0.5)
        site.start_worker()
        least = min(visit.count("classified") + 1, photos)
        wait_until(
            lambda least=least: visit.count("classified") >= least,  # type: ignore[misc]  # bound
            "work goes on after the kill",
            seconds=90,
        )
    visit.wait_ended(photos, seconds=120 + photos / 2)
    visit.try_again()
    visit.assert_kept()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_photo_is_lost_when_the_whole_worker_is_killed_fifty_times(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F02."""
    photos, kills = scaled(1000), figures.kills(50)
    failpoints.arm_always("W5", BUSY)
    survive_kills(site, visit, photos=photos, kills=kills)
    figures.note("F02", photos=photos, kills=kills, lost=0, double_results=0)


def test_a_photo_whose_worker_died_is_served_before_a_hundred_that_wait(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F03 in small: the sweeper rings ahead of the backlog, and a real broker keeps that order."""
    failpoints.arm("W5", "hold")
    photo = visit.send().pk
    failpoints.wait_held("W5")
    site.kill("classify")
    failpoints.disarm()
    visit.send_many(100)
    rung = f"SELECT count(*) FROM classifier_photo WHERE id = {photo} AND rung_at > lease_until"
    wait_until(lambda: site.value(rung) == 1, "the sweeper rings for it", seconds=30)
    site.start_worker()
    visit.wait_ended(101, seconds=120)
    sooner = (
        f"SELECT count(*) FROM classifier_photo WHERE photo_set_id = {visit.photo_set} "
        f"AND ended_at < (SELECT ended_at FROM classifier_photo WHERE id = {photo})"
    )
    assert site.value(sooner) <= 1
    visit.assert_kept()


@repeated(10)
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="TERM"),
        pytest.param(signal.SIGQUIT, id="QUIT", marks=[] if THOROUGH else pytest.mark.long),
    ],
)
@pytest.mark.parametrize("moment", MOMENTS[3:7] if THOROUGH else ["W5"])
def test_a_stopped_worker_finishes_the_photo_in_hand(
    site: LiveSite, visit: Visit, failpoints: Failpoints, moment: str, number: signal.Signals
) -> None:
    """F04: a deployment counts against no photo."""
    failpoints.arm(moment, "sleep 2")
    visit.send_many(3)
    failpoints.wait_struck(moment)
    process = site.processes.pop("classify")
    process.send_signal(number)
    assert process.wait(35) == 0
    site.start_worker()
    visit.wait_ended(3, seconds=40)
    visit.assert_kept()
    most = f"SELECT max(attempts) FROM classifier_photo WHERE photo_set_id = {visit.photo_set}"
    assert site.value(most) == 1


@repeated(3)
def test_a_frozen_workers_late_answer_is_discarded(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F05: another worker takes over once the lease has lapsed, and its answer stands.

    The frozen one alone is left then: it tries to record its answer, and goes on with the next.
    """
    failpoints.arm("W6", "hold")
    photo = visit.send(cracked=True).pk
    failpoints.wait_held("W6")
    (child,) = site.children("classify")
    site.kill("classify", signal.SIGSTOP)
    site.start_worker("second")
    visit.wait_ended(1, seconds=LEASE_SECONDS + 30)
    answer = (
        "SELECT answer.id, answer.created_at, photo.ended_at FROM classifier_prediction answer "
        f"JOIN classifier_photo photo ON photo.id = answer.photo_id WHERE photo.id = {photo}"
    )
    first = site.rows(answer)
    site.kill("second")
    failpoints.disarm()
    failpoints.arm("W7", "sleep 0", row=photo)
    os.kill(child, signal.SIGCONT)  # before its parent, which would end it for its lateness
    failpoints.wait_struck("W7")
    site.kill("classify", signal.SIGCONT)
    visit.send()
    visit.wait_ended(2, seconds=30)
    assert site.rows(answer) == first
    visit.assert_kept()


def test_a_photo_that_kills_its_worker_is_set_aside_after_three_attempts(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F07: and the photos beside it are classified."""
    poison = visit.send().pk  # classified; asked for again below, now as poison
    visit.wait_ended(1, seconds=30)
    failpoints.arm_always("W4", "kill", row=poison + 1)
    visit.sent.clear()
    assert visit.send().pk == poison + 1
    visit.send_many(NEIGHBOURS)
    visit.wait_ended(2 + NEIGHBOURS, seconds=120 + NEIGHBOURS)
    state, attempts, reason = site.rows(
        f"SELECT state, attempts, reason FROM classifier_photo WHERE id = {poison + 1}"
    )[0]
    assert (state, attempts) == ("quarantined", 3)
    assert str(reason) in visit.session.open(f"/photos/{poison + 1}/")
    visit.sent.pop(0)
    visit.assert_kept()


@repeated(3)
def test_a_network_that_hangs_is_ended_and_the_photo_tried_again(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F08: the hard limit ends what no signal reaches; it counts as one attempt."""
    failpoints.arm("W5", "sleep 100")
    photo = visit.send().pk
    failpoints.wait_struck("W5")
    visit.wait_ended(1, seconds=LEASE_SECONDS + 30)
    assert site.value(f"SELECT attempts FROM classifier_photo WHERE id = {photo}") == 2
    visit.assert_kept()


def test_a_message_for_a_photo_that_two_workers_get_is_answered_once(
    site: LiveSite, visit: Visit, failpoints: Failpoints, console: Console
) -> None:
    """F31: sweeper and upload may both ring; only one claim wins."""
    site.start_worker("second")
    failpoints.arm_always("W2", BUSY)
    visit.send_many(TAKEN_TWICE)
    for _ in range(3):
        console.run("shell", "-c", RING_ALL)
    visit.wait_ended(TAKEN_TWICE, seconds=60 + TAKEN_TWICE)
    site.kill("second")
    visit.assert_kept()
    total = f"SELECT sum(attempts) FROM classifier_photo WHERE photo_set_id = {visit.photo_set}"
    assert site.value(total) == TAKEN_TWICE


RING_ALL = (
    "from classifier import tasks; from classifier.models import Photo\n"
    "for photo in Photo.objects.pending(): tasks.classify_photo.delay(photo.pk)"
)


def test_killing_a_process_group_ends_all_of_it(site: LiveSite) -> None:
    """The harness itself: a kill that spares the child would prove nothing."""
    children = site.children("classify")
    site.kill("classify")
    assert children
    wait_until(lambda: not any(map(_alive, children)), "its children are gone", seconds=5)
    site.start_worker()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
