"""Backups and what becomes of them: whole, or refused in a sentence with nothing changed."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from classifier import archives
from tests.classifier.backup_world import FILL, files, place
from tests.console import Console
from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Kept:
    """A filled site and its backup."""

    data: Path
    console: Console
    path: Path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    data = tmp_path_factory.mktemp("kept")
    with place(data) as console:
        console.run("migrate", "--verbosity", "0")
        console.script(FILL)
        console.run("backup", str(data / "backups"))
        yield Kept(data, console, next((data / "backups").iterdir()))


@pytest.fixture(scope="module")
def empty(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Console]]:
    """A place where restores are refused, so that it stays empty."""
    data = tmp_path_factory.mktemp("empty")
    with place(data, key_of=kept.data) as console:
        yield data, console


def tables(path: Path) -> dict[str, Any]:
    """The digest of every table in a backup; without those in which backups note themselves."""
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile(archives.MANIFEST).read())  # type: ignore[union-attr]  # it is there
    noted = ("classifier.pulse", "classifier.auditevent")
    return {name: table for name, table in manifest["tables"].items() if name not in noted}


def backup_of(console: Console, folder: Path) -> Path:
    console.run("backup", str(folder))
    return max(folder.glob("*.tar"))


ASK = """
from classifier import backups, classification
from classifier.models import *
photo = Photo.objects.pending().get()
assert User.objects.get(username="chief").check_password("a long password")
assert classification.classify(photo.pk, claimant="test"), "the restored model judges"
assert Photo.objects.count() == 9 and Decision.objects.count() == 8
assert AuditEvent.objects.filter(action="site restored").count() == 1
assert make_photo(photo.photo_set).pk > photo.pk
"""


def test_a_restored_site_has_everything_and_works(kept: Kept, tmp_path: Path) -> None:
    """K2: photos, reviews, reports, models and accounts; the next photo is judged and stored."""
    with place(tmp_path, key_of=kept.data) as console:
        words = console.run("restore", str(kept.path))
        assert "Restored 9 photos" in words
        assert "1 wait for a worker; nothing broken." in words
        assert files(tmp_path) == files(kept.data)
        assert tables(backup_of(console, tmp_path / "again")) == tables(kept.path)
        console.script("from tests.factories import make_photo\n" + ASK)
        assert "nothing broken" in console.run("verify_invariants")


def test_a_site_moves_to_postgresql_and_back(
    kept: Kept, postgres: Postgres, tmp_path: Path
) -> None:
    """K4: row counts and digests of all tables are equal, and new rows get new numbers."""
    address = postgres.create_database("moved")
    with place(tmp_path / "moved", key_of=kept.data, database=address) as console:
        assert "nothing broken" in console.run("restore", str(kept.path))
        moved = backup_of(console, tmp_path / "backups")
        assert tables(moved) == tables(kept.path)
        console.script("from tests.factories import make_photo\n" + ASK)
    with place(tmp_path / "back", key_of=kept.data) as console:
        assert "nothing broken" in console.run("restore", str(moved))
        assert tables(backup_of(console, tmp_path / "again")) == tables(kept.path)


BREAK_OFF = """
from unittest import mock
from django.core.management import call_command
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper as Database
commit = Database._commit
def broken(self):
    Database._commit = commit
    if {committed}:
        commit(self)
    raise OperationalError("server closed the connection unexpectedly")
def hit(point, subject=None):
    if point == "R3":
        Database._commit = broken
with mock.patch("classifier.failpoints.hit", hit):
    call_command("restore", "{path}")
"""


@pytest.mark.parametrize("committed", [True, False])
def test_a_restore_whose_commit_nobody_heard_of_loses_no_file(
    kept: Kept, tmp_path: Path, committed: bool
) -> None:
    with place(tmp_path, key_of=kept.data) as console:
        with pytest.raises(AssertionError, match="did not say whether it has them"):
            console.script(BREAK_OFF.format(committed=committed, path=kept.path))
        assert files(tmp_path) == files(kept.data)
        if committed:
            with pytest.raises(AssertionError, match="This site is not empty: there are rows"):
                console.run("restore", str(kept.path))
        else:
            assert "nothing broken" in console.run("restore", str(kept.path))
        assert files(tmp_path) == files(kept.data)
        assert not (tmp_path / "restoring").exists()
        console.run("verify_invariants")


# --- what is refused ---
Members = list[tuple[tarfile.TarInfo, bytes]]
Change = Callable[[Members], None]


def rebuilt(path: Path, out: Path, change: Change) -> Path:
    """Write the archive anew with changed members."""
    with tarfile.open(path) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]  # plain files
    change(members)
    with tarfile.open(out, "w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out


def without_a_photo(members: Members) -> None:
    members.remove(next(member for member in members if "originals" in member[0].name))


def with_a_guest(name: str, kind: bytes = tarfile.REGTYPE) -> Change:
    def change(members: Members) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        members.insert(2, (info, b""))

    return change


def with_header(**facts: object) -> Change:
    def change(members: Members) -> None:
        header = json.loads(members[0][1]) | facts
        members[0] = (members[0][0], json.dumps(header).encode())

    return change


def with_a_bit_flipped(members: Members) -> None:
    info, content = members[5]
    members[5] = (info, bytes([content[0] ^ 1]) + content[1:])


def without_its_end(members: Members) -> None:
    members.pop()


def with_more_after_its_end(members: Members) -> None:
    members.append((tarfile.TarInfo("media/more"), b"more"))


REFUSED: dict[str, tuple[Change, str]] = {
    "missing photo": (without_a_photo, "damaged: media/originals/.* is missing"),
    "flipped bit": (with_a_bit_flipped, "damaged: .* differs from its checksum"),
    "cut off": (without_its_end, "damaged: its end is missing"),
    "added": (with_a_guest("media/extra"), "damaged: media/extra differs"),
    "after the end": (with_more_after_its_end, "stands after its end"),
    "symlink": (with_a_guest("media/link", tarfile.SYMTYPE), "is a link or no plain file"),
    "hard link": (with_a_guest("media/link", tarfile.LNKTYPE), "is a link or no plain file"),
    "device": (with_a_guest("media/device", tarfile.CHRTYPE), "is a link or no plain file"),
    "climbs": (with_a_guest("media/../../evil"), "is no place for a file"),
    "absolute": (with_a_guest("/tmp/evil"), "is no place for a file"),
    "elsewhere": (with_a_guest("secret_key"), "is no place for a file"),
    "twice": (with_a_guest("database.jsonl"), "is no place for a file"),
    "foreign": (with_header(product="Another"), "is no backup of Hairline"),
    "later format": (with_header(format=2), "has the backup format 2"),
    "later release": (
        with_header(migrations=["classifier.9999_later"]),
        "made by a later release of Hairline .this one does not know classifier.9999_later",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_whole_backup_is_refused_and_nothing_changes(
    kept: Kept, empty: tuple[Path, Console], tmp_path: Path, change: Change, sentence: str
) -> None:
    """K3: said in a sentence; the place stays empty."""
    data, console = empty
    archive = rebuilt(kept.path, tmp_path / "changed.tar", change)
    with pytest.raises(AssertionError, match=sentence):
        console.run("restore", str(archive))
    assert files(data) == {}
    assert not (data / "restoring").exists()
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.95])
def test_a_file_cut_off_anywhere_is_refused(
    kept: Kept, empty: tuple[Path, Console], tmp_path: Path, share: float
) -> None:
    whole = kept.path.read_bytes()
    short = tmp_path / "short.tar"
    short.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AssertionError, match=r"short.tar is (no backup of Hairline|damaged)"):
        empty[1].run("restore", str(short))
    assert files(empty[0]) == {}


def test_a_site_that_holds_anything_is_not_restored_over(kept: Kept) -> None:
    before = (files(kept.data), tables(kept.path))
    with pytest.raises(AssertionError, match="This site is not empty: there are rows"):
        kept.console.run("restore", str(kept.path))
    after = backup_of(kept.console, kept.data / "after")
    assert (files(kept.data), tables(after)) == before


def test_models_sealed_with_another_key_need_that_key_or_an_explicit_word(
    kept: Kept, tmp_path: Path
) -> None:
    with place(tmp_path) as console:
        with pytest.raises(AssertionError, match="sealed with another key"):
            console.run("restore", str(kept.path))
        assert files(tmp_path) == {}
        assert "nothing broken" in console.run("restore", str(kept.path), "--reseal")


def test_a_backup_of_a_site_that_lost_a_photo_is_taken_and_says_so(
    kept: Kept, tmp_path: Path
) -> None:
    original = next((kept.data / "media" / "originals").rglob("*.jpg"))
    hidden = original.rename(tmp_path / "hidden.jpg")
    with pytest.raises(AssertionError, match="read back and whole"):  # and exit code 1
        kept.console.run("backup", str(tmp_path / "backups"))
    hidden.rename(original)
    archive = next((tmp_path / "backups").iterdir())
    with tarfile.open(archive) as tar:
        manifest = json.loads(tar.extractfile(archives.MANIFEST).read())  # type: ignore[union-attr]  # it is there
    assert manifest["missing"] == [f"media/originals/{original.parent.name}/{original.name}"]


def test_only_the_newest_backups_are_kept(kept: Kept, tmp_path: Path) -> None:
    names = [f"hairline-2026010{day}T000000Z.tar" for day in range(1, 5)]
    for name in (*names, "photos of the wedding.tar"):
        (tmp_path / name).touch()
    kept.console.run("backup", str(tmp_path), "--keep", "2")
    left = sorted(path.name for path in tmp_path.glob("*.tar"))
    assert left[0] == names[-1]
    assert left[2] == "photos of the wedding.tar"
    assert len(left) == 3


LAST = """
from classifier import backups
last = backups.last()
print(last.at.isoformat(), last.detail["photos"], last.detail["verified"], last.detail["bytes"])
"""


def test_the_last_backup_is_on_record(kept: Kept, tmp_path: Path) -> None:
    path = backup_of(kept.console, tmp_path)
    words = kept.console.script(LAST).split()
    assert words[1:] == ["9", "True", str(path.stat().st_size)]
