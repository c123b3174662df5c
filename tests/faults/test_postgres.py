"""The faults that a second kind of database may answer otherwise, on PostgreSQL; and its own."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest

from tests.console import Console
from tests.factories import jpeg
from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.conftest import live_site
from tests.faults.figures import scaled
from tests.faults.repeats import LIMIT, times
from tests.faults.test_races import (
    test_a_decision_during_a_classification_stands,
    test_a_hundred_identical_uploads_at_once_give_one_row,
    test_identical_photos_at_the_same_instant_are_stored_once,
    test_of_two_reviewers_at_the_same_instant_the_first_wins,
    test_overlapping_sweeps_ring_once_a_lease,
)
from tests.faults.test_uploads import (
    test_a_web_worker_killed_at_any_moment_leaves_one_photo_after_the_retry,
)
from tests.faults.test_worker_kills import (
    BUSY,
    survive_kills,
    test_a_child_killed_at_any_moment_loses_and_doubles_nothing,
    test_a_message_for_a_photo_that_two_workers_get_is_answered_once,
)
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until
from tests.postgres import Postgres

__all__ = [  # run here once more, with the site below
    "test_a_child_killed_at_any_moment_loses_and_doubles_nothing",
    "test_a_decision_during_a_classification_stands",
    "test_a_hundred_identical_uploads_at_once_give_one_row",
    "test_a_message_for_a_photo_that_two_workers_get_is_answered_once",
    "test_a_web_worker_killed_at_any_moment_leaves_one_photo_after_the_retry",
    "test_identical_photos_at_the_same_instant_are_stored_once",
    "test_of_two_reviewers_at_the_same_instant_the_first_wins",
    "test_overlapping_sweeps_ring_once_a_lease",
]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

DEADLOCKS = times(3, 20)


@pytest.fixture(scope="module")
def site(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    address = postgres.create_database("faults")
    with live_site(tmp_path_factory.mktemp("site"), database_url=address) as running:
        yield running


def test_no_photo_is_lost_when_the_whole_worker_is_killed(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F02: in a thorough run as often as on SQLite."""
    failpoints.arm_always("W5", BUSY)
    survive_kills(site, visit, photos=times(150, 1000), kills=times(10, 50))


def answered(visit: Visit) -> bool:
    return visit.send().status == 201


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_restarts_loses_no_photo(
    visit: Visit, failpoints: Failpoints, postgres: Postgres, mode: str
) -> None:
    """F27: while it is away people are told so, and then all goes on by itself."""
    failpoints.arm_always("W5", BUSY)
    visit.send_many(times(60, 500))
    for _ in range(times(3, 5)):
        postgres.stop(mode)
        assert visit.send().status == 503
        postgres.start()
        wait_until(lambda: answered(visit), "photos are taken again", seconds=10)
    failpoints.disarm()
    visit.wait_ended(len(visit.stored()), seconds=30 + len(visit.stored()))
    visit.assert_kept()


def test_a_database_without_free_connections_is_told_and_recovers(
    visit: Visit, postgres: Postgres
) -> None:
    """F28: 503 while others hold them all; 201 within ten seconds afterwards."""
    held: list[psycopg.Connection] = []
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'faults'"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as other:

        def starved() -> bool:
            """Take from the site what it has, before it comes again, and ask it three times."""
            other.execute(cut)
            with suppress(psycopg.OperationalError):
                while len(held) < 100:
                    held.append(psycopg.connect(postgres.url("postgres")))
            return {visit.send().status for _ in range(3)} == {503}

        wait_until(starved, "the site has no connection left and says so", seconds=60)
        for connection in held:
            connection.close()
    wait_until(lambda: answered(visit), "photos are taken again", seconds=10)
    visit.wait_ended(len(visit.stored()), seconds=60)
    visit.assert_kept()


def test_connections_cut_in_the_middle_of_anything_lose_no_photo(
    visit: Visit, failpoints: Failpoints, postgres: Postgres
) -> None:
    """F42: twenty times all connections of the site at once, while it works."""
    failpoints.arm_always("W7", BUSY)
    visit.send_many(40)
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'faults'"
    for _ in range(20):
        postgres.rows("postgres", cut)
        visit.send()
    failpoints.disarm()
    visit.wait_ended(len(visit.stored()), seconds=90)
    visit.assert_kept()


def waiting_for_locks(postgres: Postgres) -> int:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return int(str(postgres.rows("faults", waiting)[0][0]))


def force_deadlock(visit: Visit, postgres: Postgres) -> int:
    """Lock a photo and then its version, where a worker does it the other way round; return the
    photo. The worker is the one whose transaction PostgreSQL ends.
    """

    def wait_for_locks(count: int) -> None:
        wait_until(lambda: waiting_for_locks(postgres) >= count, "they wait", seconds=20, every=0)

    address = postgres.url("faults")
    with psycopg.connect(address) as gate, psycopg.connect(address) as other:
        other.execute("SET deadlock_timeout = '1h'")
        gate.execute("LOCK TABLE classifier_prediction IN SHARE MODE")
        photo = visit.send().pk
        wait_for_locks(1)  # the worker has locked the version and is about to insert
        other.execute("SELECT id FROM classifier_photo WHERE id = %s FOR UPDATE", [photo])
        versions = "SELECT id FROM classifier_modelversion FOR UPDATE"
        blocked = threading.Thread(target=other.execute, args=(versions,))
        blocked.start()
        wait_for_locks(2)
        gate.rollback()
        blocked.join()
        other.rollback()
    return photo


def test_a_deadlock_while_an_answer_is_recorded_counts_against_no_photo(
    site: LiveSite, visit: Visit, postgres: Postgres
) -> None:
    """F29: the photo waits, is tried again as the same attempt, and is answered once."""
    with psycopg.connect(postgres.url("faults")) as connection:
        connection.execute("ALTER DATABASE faults SET deadlock_timeout = '100ms'")
    log_before = len(site.log("classify"))
    photos = [force_deadlock(visit, postgres) for _ in range(DEADLOCKS)]
    visit.wait_ended(DEADLOCKS, seconds=30 + DEADLOCKS)
    log = site.log("classify")[log_before:]
    assert "deadlock detected" in log
    assert [photo for photo in photos if f"photo {photo} waits" not in log] == []
    most = f"SELECT max(attempts) FROM classifier_photo WHERE photo_set_id = {visit.photo_set}"
    assert site.value(most) == 1
    visit.assert_kept()


ONLY_BY_ROLE = """
from classifier.models import User
User.objects.filter(username="admin").update(is_superuser={})
"""
TAKE_AWAY = """
from classifier.models import User
User.objects.get(username="admin").groups.clear()
"""
GIVE_BACK = """
from django.contrib.auth.models import Group
from classifier.models import User
User.objects.get(username="admin").groups.set(Group.objects.filter(name="admin"))
"""


def test_a_right_is_taken_away_once_what_is_written_by_it_stands(
    visit: Visit, failpoints: Failpoints, postgres: Postgres, console: Console
) -> None:
    """S25: not in between, where PostgreSQL would let it; what is sent afterwards is refused."""
    console.script(ONLY_BY_ROLE.format(False))
    failpoints.arm("U6", "hold")
    with ThreadPoolExecutor(2) as pool:
        upload = pool.submit(visit.send)
        failpoints.wait_held("U6")
        taken_away = pool.submit(console.script, TAKE_AWAY)
        wait_until(lambda: waiting_for_locks(postgres) == 1, "it waits for the upload", seconds=30)
        failpoints.disarm()
        assert upload.result().status == 201
        taken_away.result()
    assert visit.post(jpeg()).status_code == 403
    console.script(GIVE_BACK + ONLY_BY_ROLE.format(True))
    assert visit.send().status == 201
    visit.wait_ended(2, seconds=30)
    visit.assert_kept()


@pytest.mark.long
def test_a_database_cut_off_for_half_a_minute_loses_no_photo(
    visit: Visit, failpoints: Failpoints, postgres: Postgres
) -> None:
    """F42: three times, while photos come and are judged; it takes no bytes and closes nothing."""
    failpoints.arm_always("W5", BUSY)
    for _ in range(3):
        visit.send_many(20)
        postgres.signal(signal.SIGSTOP)
        sender = threading.Thread(target=visit.send_many, args=(4,))
        sender.start()
        time.sleep(scaled(30))
        postgres.signal(signal.SIGCONT)
        sender.join()
    failpoints.disarm()
    visit.wait_ended(len(visit.stored()), seconds=120)
    visit.assert_kept()
    assert {sent.status for sent in visit.sent} <= {201, 503}
    slowest = max(sent.seconds for sent in visit.sent)
    figures.note("F42", cut="database", uploads=len(visit.sent), lost=0, slowest_s=round(slowest))
