"""Web workers that die in the middle of an upload, and people whose connection does."""

import contextlib
import resource
import socket
from collections.abc import Iterator

import pytest

from tests.console import Console
from tests.factories import jpeg
from tests.faults.arming import Failpoints
from tests.faults.repeats import LIMIT, repeated
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

MOMENTS = ("U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8")
CLEAR_INCOMING = (
    "from classifier import photo_files; photo_files.clear_abandoned_uploads(older_than_seconds=0)"
)


def incoming(site: LiveSite) -> list[str]:
    return [path.name for path in (site.layout.data / "media" / "incoming").iterdir()]


@repeated(10)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_web_worker_killed_at_any_moment_leaves_one_photo_after_the_retry(
    site: LiveSite, visit: Visit, failpoints: Failpoints, console: Console, moment: str
) -> None:
    """F10: no answer means not promised; sent again, the photo is there once."""
    content = jpeg(size=(640, 480))
    failpoints.arm(moment, "kill")
    assert visit.send(content).status == 0
    wait_until(site.is_healthy, "another web worker answers", seconds=60)
    again = visit.send(content)
    assert again.status == (200 if moment in ("U7", "U8") else 201)
    visit.wait_ended(1, seconds=30)
    visit.assert_kept()
    console.run("shell", "--no-imports", "-c", CLEAR_INCOMING)
    assert incoming(site) == []


def cut_off(visit: Visit, body: bytes, *, promised: int) -> None:
    """Begin an upload and close the connection in mid-body."""
    cookies = "; ".join(f"{name}={value}" for name, value in visit.session.cookies.items())
    head = (
        f"POST /photo-sets/{visit.photo_set}/photos/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: {cookies}\r\nX-CSRFToken: {visit.session.cookies['csrftoken']}\r\n"
        f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {promised}\r\n\r\n"
        '--edge\r\nContent-Disposition: form-data; name="photo"; filename="deck.jpg"\r\n\r\n'
    )
    with contextlib.closing(socket.create_connection(("127.0.0.1", visit.site.port))) as wire:
        wire.sendall(head.encode() + body)


def test_connections_that_drop_in_mid_body_leave_nothing(site: LiveSite, visit: Visit) -> None:
    """F11: neither a row nor a file nor an error page in the log."""
    log_before = len(site.log("web"))
    content = jpeg(size=(640, 480))
    for number in range(50):
        cut_off(visit, content[: 50 * number], promised=len(content) + 500)
    assert visit.send(content).status == 201
    visit.wait_ended(1, seconds=30)
    wait_until(lambda: incoming(site) == [], "no temporary file is left", seconds=20)
    assert visit.count() == 1
    assert "Traceback" not in site.log("web")[log_before:]


@contextlib.contextmanager
def few_descriptors(site: LiveSite, count: int) -> Iterator[None]:
    """Let each process of the web server have so many open files."""
    pids = (site.processes["web"].pid, *site.children("web"))
    before = resource.prlimit(pids[0], resource.RLIMIT_NOFILE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, before[1]))
    yield
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_silent_connections_beyond_the_file_descriptors_hold_nobody_up(
    site: LiveSite, visit: Visit
) -> None:
    """F45: 64 descriptors and 150 who say nothing; no worker of the web server ends of it."""
    workers = site.children("web")
    with few_descriptors(site, 64), contextlib.ExitStack() as held:
        for _ in range(150):
            held.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        during = [visit.send(), *visit.send_many(9)]
        slowest = max(sent.seconds for sent in during)
    assert {sent.status for sent in during} == {201}
    assert slowest < 20, "gunicorn's own worker takes over 30 s"
    assert site.children("web") == workers
    visit.wait_ended(10, seconds=60)
    visit.assert_kept()


# --- what no client library would send ---
def raw(site: LiveSite, request: bytes) -> int:
    """Send bytes as they are and return the status; 0 where the connection just ends."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", site.port))) as wire:
        wire.settimeout(10)
        wire.sendall(request)
        wire.shutdown(socket.SHUT_WR)
        line = wire.makefile("rb").readline().split()
    return int(line[1]) if len(line) > 1 else 0


def upload_request(visit: Visit, length: bytes, body: bytes = b"--edge--\r\n") -> bytes:
    cookies = "; ".join(f"{name}={value}" for name, value in visit.session.cookies.items())
    head = (
        f"POST /photo-sets/{visit.photo_set}/photos/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: {cookies}\r\nX-CSRFToken: {visit.session.cookies['csrftoken']}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n"
    )
    return head.encode() + length + b"\r\n\r\n" + body


PART = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'


@pytest.mark.parametrize(
    "length",
    [
        b"Content-Length: 40",
        b"Content-Length: 100000",
        b"Content-Length: -1",
        b"Content-Length: ten",
        b"Content-Length: 10\r\nContent-Length: 20",
        b"Content-Length: 10\r\nTransfer-Encoding: chunked",
    ],
)
def test_b091_a_length_that_lies_stores_nothing(visit: Visit, length: bytes) -> None:
    assert raw(visit.site, upload_request(visit, length, PART + jpeg())) in (0, 400)
    assert visit.count() == 0


def test_b092_a_body_without_an_end_stores_nothing(visit: Visit) -> None:
    chunk = b"1000\r\n" + bytes(4096) + b"\r\n"
    request = upload_request(visit, b"Transfer-Encoding: chunked", chunk * 500)
    assert raw(visit.site, request) in (0, 400)
    assert visit.count() == 0
    wait_until(lambda: incoming(visit.site) == [], "no temporary file is left", seconds=10)


def test_b124_headers_without_measure_are_refused(visit: Visit) -> None:
    huge = b"X-Long: " + b"x" * 20_000
    assert raw(visit.site, upload_request(visit, huge)) in (400, 431)
