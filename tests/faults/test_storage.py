"""Disks that are full, files that vanish or rot, a database that somebody else holds."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from django.db import OperationalError

from classifier import disks
from tests.factories import jpeg
from tests.faults.arming import Failpoints
from tests.faults.conftest import live_site
from tests.faults.repeats import LIMIT, repeated
from tests.faults.visit import Visit, at_once, original
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]


def stored_files(site: LiveSite) -> set[Path]:
    media = site.layout.data / "media"
    return {path for path in media.rglob("*") if path.is_file() and "derived" not in path.parts}


@repeated(5)
@pytest.mark.parametrize("moment", ["U2", "U3", "U4"])
def test_a_full_disk_is_answered_with_507_and_leaves_nothing(
    site: LiveSite, visit: Visit, failpoints: Failpoints, moment: str
) -> None:
    """F20: the device says so at any moment; once there is room, uploads go on by themselves."""
    before = stored_files(site)
    failpoints.arm(moment, "full")
    answer = visit.post(jpeg())
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "60")
    assert "disk of the site is full" in answer.json()["sentence"]
    wait_until(lambda: stored_files(site) == before, "nothing is left", seconds=5)
    assert visit.count() == 0
    assert visit.send().status == 201
    visit.wait_ended(1, seconds=30)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a disk of that size at `folder`; skip where this account may not."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "none", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("Only root can mount a small disk.")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@repeated(5)
def test_a_disk_that_is_really_full_refuses_large_photos_and_still_shows_pages(
    site: LiveSite, visit: Visit
) -> None:
    """F20 on a real device: a photo larger than the room that is left."""
    large = jpeg(size=(640, 480)) + bytes(5_000_000)
    with small_disk(site.layout.data / "media" / "incoming", megabytes=4):
        answer = visit.post(large)
        assert answer.status_code == 507
        left = site.layout.data / "media" / "incoming"
        wait_until(lambda: not list(left.iterdir()), "nothing is left", seconds=5)
        assert visit.session.get(site.url("/structures/"), timeout=10).status_code == 200
    assert visit.send(large).status == 201
    visit.wait_ended(1, seconds=30)


@repeated(5)
def test_a_database_without_room_stores_no_photo_and_says_so(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F21: no room while the row, and later the prediction, is written."""
    before = stored_files(site)
    failpoints.arm("U6", "full")
    answer = visit.post(jpeg())
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "60")
    wait_until(lambda: stored_files(site) == before, "nothing is left", seconds=5)
    failpoints.arm("W7", "full")
    assert visit.send().status == 201
    visit.wait_ended(1, seconds=30)
    visit.assert_kept()


def fill(disk: Path) -> Path:
    """Leave no room on a disk; return the file that takes it."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    return filler


def test_who_opens_a_database_first_on_a_full_disk_learns_that_it_is_full(tmp_path: Path) -> None:
    """F21: SQLite cannot make the memory that its readers share, and calls that an I/O error."""
    with small_disk(tmp_path, megabytes=4):
        with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE photo (id)")
        fill(tmp_path)
        with (
            closing(sqlite3.connect(tmp_path / "db.sqlite3")) as connection,
            pytest.raises(sqlite3.OperationalError, match="disk I/O error") as said,
        ):
            connection.execute("SELECT * FROM photo")
    told = OperationalError()
    told.__cause__ = said.value
    assert disks.is_full(told)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[tuple[LiveSite, Path]]:
    """Return a site whose database has a small disk of its own, and that disk's folder."""
    data, disk = tmp_path / "data", tmp_path / "disk"
    data.mkdir()
    disk.mkdir()
    (data / "db.sqlite3").symlink_to(disk / "db.sqlite3")
    with small_disk(disk, megabytes=16), live_site(data) as running:
        yield running, disk


@repeated(5)
def test_a_database_whose_disk_is_really_full_stores_no_photo_and_says_so(
    cramped: tuple[LiveSite, Path],
) -> None:
    """F21 on a real device: SQLite finds out when it commits."""
    site, disk = cramped
    visit = Visit(site, site.sign_in())
    filler = fill(disk)
    refused = None
    while refused is None:  # what SQLite has on the disk already still holds some rows
        answer = visit.post(jpeg())
        refused = answer if answer.status_code != 201 else None
    assert (refused.status_code, refused.headers["Retry-After"]) == (507, "60")
    assert "disk of the site is full" in refused.json()["sentence"]
    originals = [path for path in stored_files(site) if path.suffix == ".jpg"]
    filler.unlink()  # who reads the database on a full disk may be refused as well
    assert len(originals) == visit.count()
    assert visit.send().status == 201
    visit.wait_ended(visit.count(), seconds=60)
    visit.assert_kept()
    most = f"SELECT max(attempts) FROM classifier_photo WHERE photo_set_id = {visit.photo_set}"
    assert site.value(most) == 1
    site.manage("verify_invariants")


def rot(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)


@repeated(5)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(Path.unlink, "is missing", id="F23"),
        pytest.param(rot, "has changed since its upload", id="F24"),
    ],
)
def test_a_file_that_vanished_or_rotted_is_told_and_never_judged(
    site: LiveSite,
    visit: Visit,
    failpoints: Failpoints,
    damage: Callable[[Path], None],
    reason: str,
) -> None:
    failpoints.arm("W3", "hold")
    photo = visit.send().pk
    failpoints.wait_held("W3")
    key = str(site.rows(f"SELECT key FROM classifier_photo WHERE id = {photo}")[0][0])
    path = original(site, key)
    whole = path.read_bytes()
    damage(path)
    failpoints.disarm()
    visit.wait_ended(1, seconds=30)
    row = site.rows(f"SELECT state, prediction_id, reason FROM classifier_photo WHERE id = {photo}")
    assert row[0][:2] == ("unreadable", None)
    assert reason in str(row[0][2])
    with pytest.raises(AssertionError, match=f"I1 Photo {photo}"):
        site.manage("verify_invariants")
    path.write_bytes(whole)  # restored from a back-up, it is classified
    visit.session.submit(f"/photos/{photo}/retry/")
    wait_until(lambda: visit.count("classified") == 1, "it is classified", seconds=30)


@contextmanager
def locked_database(site: LiveSite) -> Iterator[None]:
    with closing(sqlite3.connect(site.layout.data / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@repeated(5)
def test_a_locked_database_answers_503_and_loses_no_decision(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    """F25: upload and review wait their 20 seconds, say so, and work when tried again; a worker
    that could not record its answer gives it later, once.
    """
    photo = visit.send(cracked=True).pk
    visit.wait_ended(1, seconds=30)
    decide = f"/photos/{photo}/decisions/"
    failpoints.arm("W6", "hold")
    visit.send()
    failpoints.wait_held("W6")
    with locked_database(site):
        failpoints.disarm()
        answers = at_once(
            lambda: visit.post(jpeg()),
            lambda: visit.session.submit(decide, {"outcome": "confirmed"}, json=True),
        )
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    again = visit.session.submit(decide, {"outcome": "confirmed"})
    assert again.status_code == 200
    decisions = f"SELECT count(*) FROM classifier_decision WHERE photo_id = {photo}"
    assert site.value(decisions) == 1
    visit.wait_ended(2, seconds=60)
    visit.assert_kept()
