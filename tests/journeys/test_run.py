"""`./dev run` for real: one start, one Ctrl-C, and what may go wrong between."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.timeout(800)]

# The site's own settings, not those of the tests; with the engine that starts at once.
SETTINGS = {"DJANGO_SETTINGS_MODULE": "inspection_site.settings", "HAIRLINE_ENGINE": "stub"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """A started site. `greeting` is what it printed until it was ready."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    greeting: str

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        """Send the signal and return what the site prints until its end."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=150)[0]

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status


def launch(data: Path, port: int, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspection_site.run", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, **SETTINGS, **settings, "HAIRLINE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start(data: Path) -> Site:
    """Start a site and wait until it is ready; AssertionError with its words where it ends."""
    port = free_port()
    process = launch(data, port)
    greeting = ""
    for line in process.stdout or ():
        greeting += line
        if "Ctrl-C" in line:
            return Site(data, port, process, greeting)
    process.communicate()
    raise AssertionError(f"the site did not get ready:\n{greeting}")


def processes_of(data: Path) -> dict[int, str]:
    """Return the command lines of the processes that have this data folder in their environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"HAIRLINE_DATA={data}\0".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has just ended
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return met


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = start(tmp_path_factory.mktemp("site") / "data")
    yield site
    site.stop()


def classify_workers(data: Path) -> set[int]:
    """Return the worker and its child."""
    return {pid for pid, words in processes_of(data).items() if "classify@%h" in words}


def test_the_first_start_names_the_account_and_the_address(site: Site) -> None:
    assert "user admin, password" in site.greeting
    assert f"http://127.0.0.1:{site.port}/" in site.greeting


def test_the_sign_in_page_answers(site: Site) -> None:
    assert site.status("/sign-in/") == 200


def test_a_second_instance_on_the_folder_is_refused(site: Site) -> None:
    second = launch(site.data, free_port())
    words = second.communicate(timeout=30)[0]
    assert second.returncode == 1
    assert f"already runs on {site.data}: http://127.0.0.1:{site.port}/" in words


def test_a_busy_port_is_refused(site: Site, tmp_path: Path) -> None:
    second = launch(tmp_path / "data", site.port)
    words = second.communicate(timeout=30)[0]
    assert second.returncode == 1
    assert "--port" in words


def test_a_killed_worker_is_started_again(site: Site) -> None:
    before = classify_workers(site.data)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: bool(classify_workers(site.data) - before), 30)


def test_the_secret_key_is_private(site: Site) -> None:
    assert (site.data / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_bad_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    process = launch(tmp_path / "data", free_port(), HAIRLINE_SWEEP_SECONDS="often")
    words = process.communicate(timeout=100)[0]
    assert process.returncode == 1
    assert "HAIRLINE_SWEEP_SECONDS" in words
    assert processes_of(tmp_path / "data") == {}


@dataclass
class Stopped:
    site: Site
    farewell: str


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    site = start(tmp_path_factory.mktemp("stopped") / "data")
    return Stopped(site, site.stop())


def test_one_signal_stops_everything_in_order(stopped: Stopped) -> None:
    steps = ("web stopped", "workers finished", "valkey stopped", "Hairline has stopped")
    order = [stopped.farewell.index(words) for words in steps]
    assert order == sorted(order)
    assert stopped.site.process.returncode == 0


def test_nothing_runs_after_the_stop(stopped: Stopped) -> None:
    assert processes_of(stopped.site.data) == {}


def test_a_second_start_makes_no_account_and_a_killed_runner_leaves_nothing(
    stopped: Stopped,
) -> None:
    again = start(stopped.site.data)
    again.stop(signal.SIGKILL)
    assert "First sign-in" not in again.greeting
    assert wait_for(lambda: processes_of(again.data) == {}, 100)


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    site = start(tmp_path / "data")
    time.sleep(3)  # the runner asks every two seconds which processes there are
    os.kill(int((site.data / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
    assert "supervisord has ended" in site.process.communicate(timeout=150)[0]
    assert processes_of(site.data) == {}
