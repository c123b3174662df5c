"""L7: two hours at low load. What a process holds must not grow with the photos that pass."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
import redis

from tests.faults import figures
from tests.faults.figures import SCALE, scaled
from tests.faults.test_load import assert_classified_once, small_photo, unique
from tests.faults.visit import Visit
from tests.live_site import LiveSite

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(9000)]

SECONDS = scaled(7200)
PAUSE = 6
"""Seconds from photo to photo, with three pages read: about a tenth of a core."""
MOST_MB_AN_HOUR = 5
SPARE_DESCRIPTORS = 8
"""The worker's second child, after 300 photos, holds its parent's connections, too: six, once."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Held:
    """What a process and its children hold at a moment."""

    mb: float
    descriptors: int
    cpu_seconds: float


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all that came from it."""
    yield pid
    with suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from tree(int(child))


def held_by(pid: int) -> Held:
    mb, descriptors, ticks = 0.0, 0, 0
    for one in tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            folder = Path(f"/proc/{one}")
            pages = int((folder / "statm").read_text().split()[1])
            descriptors += len(list((folder / "fd").iterdir()))
            mb += pages * os.sysconf("SC_PAGESIZE") / 1e6
            # Behind the name in brackets: time of its own and of children that have ended.
            ticks += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:15]))
    return Held(mb, descriptors, ticks / TICKS)


def live(site: LiveSite, visit: Visit, photo: bytes) -> None:
    """Do what an inspector and a reader do in a few seconds."""
    visit.send(unique(photo))
    for page in ("/structures/", "/review/", "/"):
        visit.session.open(page)


def growth(values: list[float]) -> float:
    """Return by how much the last quarter is above the second; what comes before is warming up."""
    quarter = len(values) // 4
    return median(values[-quarter:]) - median(values[quarter : 2 * quarter])


def keys(site: LiveSite) -> int:
    with redis.Redis(unix_socket_path=str(site.layout.valkey_socket)) as valkey:
        return int(valkey.dbsize())


def test_two_hours_leave_every_process_as_it_was(tmp_path: Path) -> None:
    photo, seen = small_photo(), defaultdict[str, list[Held]](list)
    with LiveSite.in_folder(tmp_path, sweep_seconds=5) as site:
        visit = Visit(site, site.sign_in())
        live(site, visit, photo)
        visit.wait_ended(1, seconds=120)
        keys_before, begin = keys(site), time.monotonic()
        while (now := time.monotonic()) < begin + SECONDS:
            live(site, visit, photo)
            for name, process in site.processes.items():
                seen[name].append(held_by(process.pid))
            time.sleep(max(0.0, now + PAUSE - time.monotonic()))
        took = time.monotonic() - begin
        visit.wait_ended(len(visit.sent), seconds=120)
        assert_classified_once(site, [visit])
        keys_after = keys(site)
        left = list((site.layout.data / "media" / "incoming").iterdir())
    note(seen, len(visit.sent), took, keys_after - keys_before)
    assert left == []
    assert keys_after <= keys_before + 5
    for name, held in seen.items():
        assert growth([float(one.descriptors) for one in held]) <= SPARE_DESCRIPTORS, name
        if SCALE >= 1:
            assert mb_an_hour(held, took) <= MOST_MB_AN_HOUR, name


def mb_an_hour(held: list[Held], seconds: float) -> float:
    return growth([one.mb for one in held]) / (seconds / 2 / 3600)


def note(seen: dict[str, list[Held]], photos: int, seconds: float, new_keys: int) -> None:
    spent = sum(held[-1].cpu_seconds - held[0].cpu_seconds for held in seen.values())
    figures.note(
        "L7",
        minutes=round(seconds / 60),
        photos=photos,
        stuck=0,
        cores=round(spent / seconds, 2),
        new_keys=new_keys,
        **{f"{name}_mb": round(median(one.mb for one in held)) for name, held in seen.items()},
        **{
            f"{name}_mb_grown": round(growth([one.mb for one in held]), 1)
            for name, held in seen.items()
        },
        **{
            f"{name}_descriptors_grown": growth([float(one.descriptors) for one in held])
            for name, held in seen.items()
        },
    )
