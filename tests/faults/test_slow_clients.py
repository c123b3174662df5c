"""F12: fifty clients that send a kilobyte a second, before nginx as in production."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults import figures
from tests.faults.visit import Visit, percentile
from tests.live_site import LiveSite
from tests.nginx import ask, nginx_before, trusting

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

CLIENTS, SECONDS = 50, 75
CUT_AFTER = 60
"""nginx's client_body_timeout: so long may a client say nothing."""


@pytest.fixture(scope="module")
def port(site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with nginx_before(site, tmp_path_factory.mktemp("nginx")) as port:
        yield port


def begin_upload(visit: Visit, port: int) -> ssl.SSLSocket:
    cookies = "; ".join(f"{name}={value}" for name, value in visit.session.cookies.items())
    wire = trusting().wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10))
    wire.sendall(
        f"POST /photo-sets/{visit.photo_set}/photos/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: {cookies}\r\nX-CSRFToken: {visit.session.cookies['csrftoken']}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n"
        "Content-Length: 10000000\r\n\r\n--edge\r\n".encode()
    )
    return wire


def drip(wires: list[ssl.SSLSocket]) -> None:
    for wire in wires:
        wire.sendall(bytes(1000))


def is_cut(wire: ssl.SSLSocket) -> bool:
    """Whether the other side has ended the connection, or answered that it waits no longer."""
    wire.settimeout(5)
    with suppress(TimeoutError):
        return b"408" in (answer := wire.recv(100)) or not answer
    return False


def test_slow_uploads_hold_nobody_else_up(site: LiveSite, visit: Visit, port: int) -> None:
    """A reader's list keeps within a second at 95 %; who falls silent is cut off."""
    cookie = f"sessionid={visit.session.cookies['sessionid']}"
    silent, *slow = [begin_upload(visit, port) for _ in range(CLIENTS + 1)]
    seconds, begin = [], time.monotonic()
    while time.monotonic() < begin + SECONDS:
        drip(slow)
        for _ in range(4):
            asked = time.monotonic()
            assert ask(port, "/structures/", cookie).status == 200
            seconds.append(time.monotonic() - asked)
            time.sleep(0.2)
    assert SECONDS > CUT_AFTER
    assert is_cut(silent)
    assert not any(map(is_cut, slow[:3])), "a slow client was cut off, not only a silent one"
    for wire in (silent, *slow):
        wire.close()
    list_p95 = round(percentile(seconds, 0.95) * 1000)
    figures.note("F12", clients=CLIENTS, seconds=SECONDS, list_p95_ms=list_p95)
    assert list_p95 <= 1000
    assert visit.send().status == 201
    visit.wait_ended(1, seconds=60)
    visit.assert_kept()
