"""What a site lives in: clocks that jump and full logs (F36, F44)."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.test_health import told
from tests.faults.test_storage import small_disk
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

STARTS: dict[str, Callable[[LiveSite], None]] = {
    "web": LiveSite.start_web,
    "classify": LiveSite.start_worker,
    "beat": LiveSite.start_beat,
}


def restart(site: LiveSite, name: str) -> None:
    site.kill(name)
    STARTS[name](site)


HOUR, YEAR = 3600, 365 * 24 * 3600


class Clock:
    """The clock of a process, which can be set while the process runs (clock.c)."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("No C compiler (apt-get install gcc libc6-dev).")
        self.file, library = folder / "clock", folder / "clock.so"
        self.file.write_bytes(bytes(8))
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        self.environment = {"LD_PRELOAD": str(library), "TEST_CLOCK": str(self.file)}

    def jump(self, seconds: int) -> None:
        """Let it be as far ahead of the right time."""
        with self.file.open("r+b") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


@contextmanager
def clock_of(site: LiveSite, name: str, folder: Path) -> Iterator[Clock]:
    clock, right = Clock(folder), dict(site.environment)
    site.environment |= clock.environment
    restart(site, name)
    site.environment = right
    try:
        yield clock
    finally:
        restart(site, name)


def swept(site: LiveSite) -> object:
    return site.rows("SELECT at FROM classifier_pulse WHERE name = 'sweep'")


@pytest.mark.parametrize("name", list(STARTS))
def test_a_clock_that_jumps_loses_and_doubles_no_photo(
    site: LiveSite, visit: Visit, name: str, tmp_path: Path
) -> None:
    """F36: two hours ahead and behind and a year ahead, one process at a time, while it runs."""
    with clock_of(site, name, tmp_path) as clock:
        for ahead in (2 * HOUR, -2 * HOUR, 0, *([] if name == "web" else [YEAR]), 0):
            clock.jump(ahead)
            visit.send_many(10)
            visit.wait_ended(len(visit.sent), seconds=60)
            last = swept(site)
            wait_until(lambda last=last: swept(site) != last, "it is swept", seconds=30)  # type: ignore[misc]  # bound
        visit.wait_ended(len(visit.sent), seconds=60)
        wait_until(lambda: told(site, "/healthz") == (200, "ok"), "all is well", seconds=40)
    assert {sent.status for sent in visit.sent} == {201}
    visit.assert_kept()
    figures.note("F36", process=name, photos=len(visit.sent), lost=0, double_results=0)


def test_sessions_have_ended_a_year_later(site: LiveSite, tmp_path: Path) -> None:
    """F36."""
    with clock_of(site, "web", tmp_path) as clock:
        session = site.sign_in()
        clock.jump(YEAR)
        assert "/sign-in/" in session.get(site.url("/structures/"), timeout=30).url


def test_a_claim_of_a_worker_whose_clock_ran_ahead_is_free_once_it_is_dead(
    site: LiveSite, visit: Visit, failpoints: Failpoints, tmp_path: Path
) -> None:
    """F36: its lease of two hours holds nobody up."""
    with clock_of(site, "classify", tmp_path) as clock:
        clock.jump(2 * HOUR)
        failpoints.arm("W5", "hold")
        visit.send()
        failpoints.wait_held("W5")
    failpoints.disarm()
    visit.wait_ended(1, seconds=30)
    visit.assert_kept()


@contextmanager
def small_log_disk(site: LiveSite) -> Iterator[Path]:
    """Let all processes log to a disk of their own, which can be filled."""
    logs = site.layout.logs
    try:
        with small_disk(logs, megabytes=2):
            for name in STARTS:
                restart(site, name)
            yield logs
    finally:
        for name in STARTS:
            restart(site, name)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_site_that_cannot_log_goes_on(site: LiveSite, visit: Visit) -> None:
    """F44: no process can write a line, those that start meanwhile neither; all else works."""
    with small_log_disk(site) as logs:
        fill(logs)
        visit.send_many(10)
        assert visit.session.get(site.url("/structures/"), timeout=30).status_code == 200
        assert visit.session.get(site.url("/no-such-page/"), timeout=30).status_code == 404
        visit.wait_ended(10, seconds=60)
        last = swept(site)
        wait_until(lambda: swept(site) != last, "it is swept", seconds=30)
        for name in STARTS:
            restart(site, name)
        visit.send_many(10)
        visit.wait_ended(20, seconds=60)
        last = swept(site)
        wait_until(lambda: swept(site) != last, "it is swept", seconds=30)
        assert shutil.disk_usage(logs).free == 0
    visit.assert_kept()
    figures.note("F44", photos=20, lost=0)
