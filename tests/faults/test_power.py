"""F48, F42: everything gone at one instant, the order of what makes a photo durable, and cuts."""

import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.figures import scaled
from tests.faults.test_worker_kills import BUSY
from tests.faults.visit import Visit, original
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(1800)]


def cut_power(site: LiveSite) -> int:
    """Kill every process of the site at once; return how many."""
    names = list(site.processes)
    for name in names:
        site.kill(name, signal.SIGSTOP)  # so that none sees another die
    for name in names:
        site.kill(name)
    return len(names)


def restore_power(site: LiveSite) -> None:
    site.start_valkey()
    site.start_worker()
    site.start_beat()
    site.start_web()


def test_a_site_killed_whole_again_and_again_keeps_what_it_promised(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F48: as a power cut, but for what the kernel still held; for that, the order below."""
    failpoints.arm_always("W5", BUSY)
    chance, cuts, killed = random.Random(48), figures.kills(20), 0
    for _ in range(cuts):
        sender = threading.Thread(target=visit.send_many, args=(12,))
        sender.start()
        time.sleep(chance.uniform(0.2, 3.0))
        killed += cut_power(site)
        sender.join()
        restore_power(site)
    failpoints.disarm()
    visit.send_many(4)
    wait_until(lambda: not visit.count("waiting", "classifying"), "all have ended", seconds=180)
    visit.try_again()
    visit.assert_kept()
    cut_off = len(visit.sent) - len(visit.stored())
    figures.note(
        "F48", cuts=cuts, kills=killed, answered=len(visit.stored()), cut_off=cut_off, lost=0
    )


@contextmanager
def traced(site: LiveSite, file: Path) -> Iterator[None]:
    """Write the calls of the web workers that make something durable, in their order."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("No strace (apt-get install strace).")
    calls = "fsync,fdatasync,rename,pwrite64,sendto,write"
    pids = [word for pid in site.children("web") for word in ("-p", str(pid))]
    command = [strace, "-f", "-y", "-s", "40", "-e", f"trace={calls}", "-o", str(file), *pids]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "attached" in process.stderr.readline(), "strace may not attach here"
        time.sleep(1)  # until it holds every thread
        yield
        process.terminate()


def test_a_photo_is_durable_before_its_row_and_its_row_before_the_answer(
    site: LiveSite, visit: Visit, tmp_path: Path
) -> None:
    """I1 by the order of system calls: what a power cut leaves is never less than was promised."""
    with traced(site, tmp_path / "calls"):
        assert visit.send().status == 201
    visit.wait_ended(1, seconds=60)
    key = str(site.rows(f"SELECT key FROM classifier_photo WHERE id = {visit.sent[0].pk}")[0][0])
    path = original(site, key)
    calls = (tmp_path / "calls").read_text().splitlines()
    place = re.escape(str(path.parent))
    order = [
        r"fsync\(\d+<.*/incoming/upload-",
        rf'rename\("[^"]*/incoming/upload-[^"]*", "{re.escape(str(path))}"',
        rf"fsync\(\d+<{place}>",
        r"pwrite64\(\d+<.*db\.sqlite3-wal>",
        r"(fsync|fdatasync)\(\d+<.*db\.sqlite3-wal>",
        r'(sendto|write)\(.*"HTTP/1\.1 201',
    ]
    at = 0
    for pattern in order:
        found = [number for number in range(at, len(calls)) if re.search(pattern, calls[number])]
        assert found, f"{pattern} is not in the calls after the one before"
        at = found[0] + 1
    visit.assert_kept()


def test_a_broker_cut_off_for_half_a_minute_loses_no_photo(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F42: three times, while the worker is at it; it takes no bytes and closes nothing."""
    failpoints.arm_always("W5", BUSY)
    for _ in range(3):
        visit.send_many(20)
        site.kill("valkey", signal.SIGSTOP)
        end = time.monotonic() + scaled(30)
        while time.monotonic() < end:
            visit.send()
            time.sleep(0.3)
        site.kill("valkey", signal.SIGCONT)
    failpoints.disarm()
    visit.wait_ended(len(visit.sent), seconds=120 + len(visit.sent) / 2)
    visit.assert_kept()
    slowest = max(sent.seconds for sent in visit.sent)
    figures.note(
        "F42", cut="broker", uploads=len(visit.sent), lost=0, slowest_upload_s=round(slowest, 1)
    )
