"""Load beside something else: a retraining (L6), and the other database (L10)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.faults import figures
from tests.faults.figures import SCALE, scaled
from tests.faults.test_load import (
    Reader,
    assert_classified_once,
    large_photo,
    milliseconds,
    several,
    small_photo,
    unique,
    upload,
)
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(7200)]

STRUCTURES = 10
NO_LIMIT = 1_000_000
"""Uploads a minute; one session of the test sends what an office does."""


@dataclass(frozen=True)
class Pace:
    """What one inspector's photos of 12 megapixels took, three at a time."""

    upload_p95_ms: int
    photos_a_second: float


def pace(site: LiveSite, visit: Visit, photo: bytes, count: int) -> Pace:
    begin, before = time.monotonic(), len(visit.sent)
    sent = upload(visit, [unique(photo) for _ in range(count)])
    visit.wait_ended(before + count, seconds=300 + 30 * count)
    taken = time.monotonic() - begin
    return Pace(milliseconds([one.seconds for one in sent]), round(count / taken, 2))


def review(site: LiveSite, count: int) -> None:
    """Upload drawn photos of ten structures and decide on each as it was drawn."""
    session = site.sign_in()
    visits = [Visit(site, session) for _ in range(STRUCTURES)]
    drawn = [number % 2 == 0 for number in range(count)]

    def send(number: int) -> tuple[int, bool]:
        content = small_photo(seed=1000 + number, cracked=drawn[number])
        return visits[number // 2 % STRUCTURES].send(content).pk, drawn[number]

    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(send, range(count)))
    for visit in visits:
        visit.wait_ended(len(visit.sent), seconds=300 + 10 * count)
    for photo, cracked in sent:
        outcome = "confirmed" if cracked else "dismissed"
        fields: dict[str, object] = {"outcome": outcome, "cause": "joint", "seen": ""}
        assert session.submit(f"/photos/{photo}/decisions/", fields, json=True).ok


def state_of_run(site: LiveSite) -> object:
    return site.rows("SELECT state FROM classifier_trainingrun ORDER BY id DESC LIMIT 1")[0][0]


def test_photos_keep_their_pace_beside_a_retraining(tmp_path: Path) -> None:
    """L6: two epochs on 500 reviewed photos while 300 of 12 megapixels come."""
    large, count = large_photo(), scaled(300)
    with LiveSite.in_folder(
        tmp_path, sweep_seconds=5, training_epochs=2, uploads_per_minute=NO_LIMIT
    ) as site:
        review(site, max(40, scaled(500)))
        site.start_trainer()
        visit = Visit(site, site.sign_in())
        pace(site, visit, large, 1)  # the worker has loaded its network
        alone = pace(site, visit, large, count)
        visit.session.submit("/training-runs/", {"anyway": "1"})
        wait_until(lambda: state_of_run(site) == "running", "the run begins", seconds=120)
        beside = pace(site, visit, large, count)
        still = state_of_run(site) == "running"
        site.wait_for_run(seconds=5400)
        assert_classified_once(site, [visit])
    share = round(beside.photos_a_second / alone.photos_a_second, 2)
    figures.note(
        "L6",
        photos=count,
        reviewed=max(40, scaled(500)),
        alone=asdict(alone),
        beside=asdict(beside),
        share_of_pace=share,
        run_lasted_longer=still,
    )
    if SCALE >= 1:
        assert share >= 0.5
        assert beside.upload_p95_ms <= 2 * alone.upload_p95_ms


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, LiveSite]]:
    """Return the name of a database and a site with it."""
    with ExitStack() as stack:
        start = partial(LiveSite.in_folder, tmp_path, sweep_seconds=5, uploads_per_minute=NO_LIMIT)
        if request.param == "PostgreSQL":
            address = request.getfixturevalue("postgres").create_database("load")
            start = partial(start, database_url=address)
        yield request.param, stack.enter_context(start())


def test_both_databases_bear_the_same_load(loaded: tuple[str, LiveSite]) -> None:
    """L10: L1 with 100 photos, L2 with 40 of each of five while one reads, L3 with 20 of each."""
    database, site = loaded
    large, visit = large_photo(), Visit(site, site.sign_in())
    pace(site, visit, large, 1)
    one = pace(site, visit, large, scaled(100))
    five, reading = beside_a_reader(site, 5, [large] * scaled(40))
    twenty, _ = several(site, 20, [small_photo()] * scaled(20))
    assert_ended_once(site, [visit, *five, *twenty])
    figures.note(
        f"L10 {database}",
        L1_photos=scaled(100),
        L1=asdict(one),
        L2_photos=5 * scaled(40),
        L2_upload_p95_ms=upload_p95(five),
        L4_list_p95_ms=reading,
        L3_photos=20 * scaled(20),
        L3_upload_p95_ms=upload_p95(twenty),
    )


def beside_a_reader(site: LiveSite, people: int, photos: list[bytes]) -> tuple[list[Visit], int]:
    """Let people upload while another reads lists; return their visits and the lists' p95 in ms."""
    session = site.sign_in()
    reader = Reader(lambda: session.open("/structures/"))
    reader.start()
    visits, _ = several(site, people, photos)
    reader.enough.set()
    reader.join()
    return visits, milliseconds(reader.seconds)


def upload_p95(visits: list[Visit]) -> int:
    return milliseconds([sent.seconds for visit in visits for sent in visit.sent])


def assert_ended_once(site: LiveSite, visits: list[Visit]) -> None:
    for visit in visits:
        visit.wait_ended(len(visit.sent), seconds=300 + 30 * len(visit.sent))
    assert_classified_once(site, visits)
