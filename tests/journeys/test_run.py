"""`./dev run` for real: one start, one Ctrl-C, and what may go wrong between."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection_site.processes import Layout, valkey_answers
from tests.conftest import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(data: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspection_site.run", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "HAIRLINE_DATA": str(data), "HAIRLINE_ENGINE": "stub"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return what the process prints up to the line with `words`; fail when it ends before."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"{words!r} was never printed:\n{text}")


def processes_of(data: Path) -> list[str]:
    """Return the command lines of processes that have this data folder in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if f"HAIRLINE_DATA={data}\0".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def site(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = start(data, port)
    try:
        process.greeting = read_until(process, "Stop ")  # type: ignore[attr-defined]  # for the tests
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=150)


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_the_site_starts_and_one_signal_stops_all_of_it(data: Path, port: int) -> None:
    process = start(data, port)
    greeting = read_until(process, "Stop ")
    assert "user admin, password" in greeting
    assert status(port, "/sign-in/") == 200
    process.send_signal(signal.SIGINT)
    farewell = process.communicate(timeout=150)[0]
    order = [farewell.index(words) for words in ("web stopped", "workers finished", "valkey stop")]
    assert order == sorted(order)
    assert process.returncode == 0
    assert processes_of(data) == []
