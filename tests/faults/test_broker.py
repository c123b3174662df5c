"""A broker that dies, freezes or forgets: photos are stored all the same, and classified later."""

import signal
import statistics

import pytest
import redis

from tests.console import Console
from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.repeats import LIMIT, repeated, times
from tests.faults.visit import Sent, Visit, percentile
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

QUEUED = times(60, 500)


def flush(site: LiveSite) -> None:
    with redis.Redis(unix_socket_path=str(site.layout.valkey_socket)) as valkey:
        valkey.flushall()


def usual_seconds(visit: Visit) -> float:
    return statistics.median(visit.send().seconds for _ in range(10))


def added_ms(sent: list[Sent], usual: float) -> int:
    """How much longer than usual uploads took, at 95 %."""
    return round((percentile([one.seconds for one in sent], 0.95) - usual) * 1000)


def test_uploads_are_answered_while_the_broker_is_frozen(site: LiveSite, visit: Visit) -> None:
    """F14: the first few wait for it, then nobody does. First, while every bell is tried.

    The bars allow for a busy machine: without the breaker each of the twenty waits two seconds.
    """
    usual = usual_seconds(visit)
    site.kill("valkey", signal.SIGSTOP)
    frozen = [visit.send() for _ in range(20)]
    site.kill("valkey", signal.SIGCONT)
    assert {sent.status for sent in frozen} == {201}
    assert percentile([sent.seconds for sent in frozen], 0.95) > 0.5
    assert statistics.median(sent.seconds for sent in frozen[-10:]) <= 2 * usual + 1
    visit.wait_ended(30, seconds=60)
    visit.assert_kept()
    figures.note(
        "F14",
        uploads=len(frozen),
        added_p95_ms=added_ms(frozen, usual),
        added_p95_ms_once_the_bell_is_silent=added_ms(frozen[-10:], usual),
    )


def test_uploads_are_answered_while_the_broker_is_down(site: LiveSite, visit: Visit) -> None:
    """F13: each without a wait; the sweeper rings once the broker is back."""
    usual = usual_seconds(visit)
    site.kill("valkey")
    down = [visit.send() for _ in range(20)]
    site.start_valkey()
    assert {sent.status for sent in visit.sent} == {201}
    assert statistics.median(sent.seconds for sent in down) <= 2
    visit.wait_ended(30, seconds=60)
    visit.assert_kept()
    figures.note("F13", uploads=len(down), added_p95_ms=added_ms(down, usual))


def queue_up(site: LiveSite, visit: Visit) -> None:
    """Let photos pile up in the queue, with no worker to take them."""
    site.kill("classify")
    visit.send_many(QUEUED)


@repeated(10)
def test_a_killed_broker_reads_its_queue_again(site: LiveSite, visit: Visit) -> None:
    """F15: it is back after a while, and the running worker goes on by itself."""
    queue_up(site, visit)
    site.start_worker()
    wait_until(lambda: visit.count("classified") > 0, "the worker is at it", seconds=30)
    site.kill("valkey")
    site.start_valkey()
    visit.wait_ended(QUEUED, seconds=60 + QUEUED)
    visit.assert_kept()


@repeated(10)
def test_a_broker_that_kept_nothing_loses_no_photo(site: LiveSite, visit: Visit) -> None:
    """F16: killed, and its append-only file gone."""
    queue_up(site, visit)
    site.kill("valkey")
    for path in sorted(site.layout.valkey.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    site.start_valkey()
    site.start_worker()
    visit.wait_ended(QUEUED, seconds=60 + QUEUED)
    visit.assert_kept()


def test_an_emptied_broker_loses_no_photo(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F17: three times, while the worker is at it."""
    failpoints.arm_always("W5", "sleep 0.05")
    visit.send_many(QUEUED)
    for _ in range(3):
        done = visit.count("classified")
        flush(site)
        wait_until(
            lambda done=done: visit.count("classified") > done,  # type: ignore[misc]  # bound
            "work goes on",
            seconds=60,
        )
    visit.wait_ended(QUEUED, seconds=60 + QUEUED)
    visit.assert_kept()


@repeated(3)
def test_a_broker_that_freezes_while_a_worker_reports_does_not_stop_it(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F42: the message was not acknowledged, and yet the worker takes the next one."""
    failpoints.arm("W8", "hold")
    visit.send()
    failpoints.wait_held("W8")
    told = site.log("classify").count("Couldn't ack")
    site.kill("valkey", signal.SIGSTOP)
    failpoints.disarm()
    wait_until(lambda: site.log("classify").count("Couldn't ack") > told, "it gives up", seconds=20)
    site.kill("valkey", signal.SIGCONT)
    visit.send_many(3)
    visit.wait_ended(4, seconds=60)
    visit.assert_kept()


FORGED = """
from kombu import Producer, Exchange
from classifier.tasks import classify_photo
app = classify_photo.app
with app.connection_for_write() as connection:
    send = Producer(connection, routing_key="classify", exchange=Exchange(""))
    head = {"lang": "py", "task": "classifier.tasks.classify_photo", "id": "forged"}
    send.publish(([1], {}, {}), headers={**head, "task": "os.system"})
    send.publish("nonsense", headers=head)
    send.publish(b"\\x80\\x04N.", content_type="application/x-python-serialize",
                 content_encoding="binary", headers=head)
    for arguments in ([], ["1; DROP TABLE"], [1, 2, 3], [-1], [None]):
        send.publish((arguments, {}, {}), headers={**head, "id": str(arguments)})
"""


def test_forged_and_foreign_messages_are_ignored(
    site: LiveSite, visit: Visit, console: Console
) -> None:
    """S19, F46: an unknown task, a pickle, wrong arguments; the next photo is classified."""
    console.run("shell", "--no-imports", "-c", FORGED)
    visit.send_many(5)
    visit.wait_ended(5, seconds=60)
    log = site.log("classify")
    assert "unregistered task" in log or "unknown" in log
    assert "Refusing to deserialize" in log or "untrusted" in log
    visit.assert_kept()
