"""The web server's worker, alone with an application of three lines, one thread and few files."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from inspection_site.processes import web_command
from inspection_site.web_worker import AttentiveWorker
from tests.live_site import ROOT, free_port, wait_until

GET = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LIMIT = 40
DEADLINE = 25
SILENT = 12
"""Gunicorn's own worker would take five seconds for each."""
taken: list[int] = []


class Hasty(AttentiveWorker):
    body_silence_seconds = 1


def application(environ: dict[str, Any], answer: Callable[..., object]) -> list[bytes]:
    """Answer with the worker's id; `/take` takes all descriptors until `/give`, `/hold` a while."""
    page = environ["PATH_INFO"]
    if page == "/read":
        environ["wsgi.input"].read()
    with suppress(OSError):
        while page in ("/take", "/hold"):
            taken.append(os.dup(0))
    if page == "/hold":
        time.sleep(1)
    if page in ("/give", "/hold"):
        while taken:
            os.close(taken.pop())
    body = str(os.getpid()).encode()
    answer("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Yield the port of a server with one worker, one thread and LIMIT descriptors."""
    port = free_port()
    command = [*web_command(bind=f"127.0.0.1:{port}"), "--workers", "1", "--threads", "1"]
    command += ["--worker-class", f"{__name__}.Hasty"]
    command[command.index("inspection_site.wsgi")] = f"{__name__}:application"
    limited = ["sh", "-c", f'ulimit -n {LIMIT}; exec "$@"', "sh", *command]
    running = subprocess.Popen(limited, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        wait_until(lambda: worker_of(port) > 0, "the server answers", seconds=60)
        yield port
    finally:
        running.terminate()
        running.wait()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)


def hear(wire: socket.socket) -> int:
    """Read one answer: the id of the worker that gave it; 0 where the connection ends."""
    answer = b""
    while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
        if not (more := wire.recv(1000)):
            return 0
        answer += more
    return int(answer.rpartition(b"\r\n\r\n")[2])


def is_cut(wire: socket.socket) -> bool:
    with suppress(ConnectionResetError):
        return not wire.recv(1)
    return True


def worker_of(port: int, page: bytes = b"") -> int:
    """Ask on a connection of its own; 0 where nobody listens."""
    with suppress(ConnectionError), connect(port) as wire:
        wire.sendall(GET % page)
        return hear(wire)
    return 0


@pytest.mark.parametrize("begun", [b"", (GET % b"")[:20]], ids=["silent", "half"])
def test_who_sends_no_whole_head_keeps_nobody_waiting_and_is_cut_off(
    port: int, begun: bytes
) -> None:
    with ExitStack() as held:
        wires = [held.enter_context(connect(port)) for _ in range(SILENT)]
        for wire in wires:
            wire.sendall(begun)
        assert worker_of(port)
        assert all(map(is_cut, wires))


def test_a_head_in_pieces_is_answered(port: int) -> None:
    with connect(port) as wire:
        for _ in range(2):  # also on a connection that was kept
            wire.sendall((GET % b"")[:20])
            worker_of(port)
            wire.sendall((GET % b"")[20:])
            assert hear(wire)


def test_a_head_that_ends_with_its_connection_is_let_go(port: int) -> None:
    with connect(port) as wire:
        wire.sendall((GET % b"")[:20])
        worker_of(port)
        wire.shutdown(socket.SHUT_WR)
        assert hear(wire) == 0


def test_a_client_that_falls_asleep_in_its_body_gives_its_thread_back(port: int) -> None:
    """L9: a laptop in mid-upload."""
    with connect(port) as wire:
        wire.sendall(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        assert worker_of(port)
        assert hear(wire) == 0


def test_more_silent_connections_than_descriptors_end_no_worker(port: int) -> None:
    """F45."""
    before = worker_of(port)
    with ExitStack() as held:
        for _ in range(150):
            held.enter_context(connect(port))
        assert worker_of(port) == before


def test_the_quietest_makes_room_where_no_descriptor_is_left(port: int) -> None:
    """F45: a connection that was kept gives way to a new one."""
    with connect(port) as kept:
        kept.sendall(GET % b"take")
        assert hear(kept) == worker_of(port, b"give")
        assert is_cut(kept)


def test_a_worker_whose_requests_hold_all_descriptors_waits_for_them(port: int) -> None:
    """F45."""
    before = worker_of(port)
    holder = threading.Thread(target=worker_of, args=(port, b"hold"))
    holder.start()
    assert {worker_of(port) for _ in range(3)} == {before}
    holder.join()
