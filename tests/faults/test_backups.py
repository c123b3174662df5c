"""Backups of a site in use, and backups and restores that are killed."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.classifier.backup_world import files, place
from tests.console import Console
from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.figures import scaled
from tests.faults.test_load import large_photo, unique
from tests.faults.visit import Sent, Visit
from tests.live_site import ROOT, LiveSite

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


def killed(site: LiveSite, data: Path, *command: str) -> bool:
    """Run a command on a data folder in a process of its own; tell whether it was killed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=site.environment | {"HAIRLINE_DATA": str(data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
    return done.returncode != 0


class Uploader(threading.Thread):
    """Sends photos until it is told to stop."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit, self.enough = visit, threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            self.visit.send(cracked=len(self.visit.sent) % 2 == 0)


@pytest.fixture
def target(site: LiveSite, tmp_path: Path) -> Iterator[tuple[Path, Console]]:
    data = tmp_path / "target"
    with place(data, key_of=site.layout.data) as console:
        yield data, console


PHOTOS = """
from classifier.models import Photo
print(*Photo.objects.values_list("sha256", flat=True))
"""


def test_a_backup_while_photos_come_in_holds_whole_photos_up_to_its_mark(
    site: LiveSite, visit: Visit, console: Console, target: tuple[Path, Console], tmp_path: Path
) -> None:
    """K1: of three uploaders; what was answered before the backup began is in it."""
    before = visit.send_many(20)
    visits = [Visit(site, visit.session, visit.photo_set) for _ in range(3)]
    uploaders = [Uploader(visit) for visit in visits]
    for uploader in uploaders:
        uploader.start()
    console.run("backup", str(tmp_path))
    for uploader in uploaders:
        uploader.enough.set()
        uploader.join()
    words = target[1].run("restore", str(next(tmp_path.glob("*.tar"))))
    assert "nothing broken" in words
    within = set(target[1].script(PHOTOS).split())
    during: list[Sent] = [sent for other in visits for sent in other.sent]
    assert {sent.status for sent in during} == {201}
    assert {sent.sha256 for sent in before} <= within
    assert any(sent.sha256 not in within for sent in during), "photos came after the mark"
    visit.sent += during
    visit.wait_ended(len(visit.sent), seconds=60)
    visit.assert_kept()


def test_a_killed_backup_leaves_no_file_and_the_one_before(
    site: LiveSite, visit: Visit, failpoints: Failpoints, tmp_path: Path
) -> None:
    """K5: at three moments; the next backup clears what the killed ones left."""
    visit.send_many(4)
    assert not killed(site, site.layout.data, "backup", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    for moment in ("B1", "B2", "B3"):
        failpoints.arm(moment, "kill")
        assert killed(site, site.layout.data, "backup", str(tmp_path))
        assert sorted(tmp_path.glob("*.tar")) == before
    assert not killed(site, site.layout.data, "backup", str(tmp_path))
    assert len(list(tmp_path.glob("*.tar"))) == 2
    assert not list(tmp_path.glob(".*"))


def test_a_killed_restore_leaves_an_empty_place_or_a_whole_site(
    site: LiveSite, visit: Visit, console: Console, target: tuple[Path, Console], tmp_path: Path
) -> None:
    """K5: before the commit the next restore begins anew; after it the site is there."""
    data, there = target
    visit.send_many(4)
    visit.wait_ended(4, seconds=30)
    console.run("backup", str(tmp_path))
    archive = str(next(tmp_path.glob("*.tar")))
    points = Failpoints(data / "failpoints")
    for moment in ("R1", "R2", "R3"):
        points.arm(moment, "kill")
        assert killed(site, data, "restore", archive)
        assert "0 users" in there.script(USERS)
    points.arm("R4", "kill")
    assert killed(site, data, "restore", archive)
    assert "nothing broken" in there.run("verify_invariants")
    assert files(data).keys() == files(site.layout.data).keys()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_photos_of_real_size_come_back(
    site: LiveSite, visit: Visit, console: Console, target: tuple[Path, Console], tmp_path: Path
) -> None:
    """K2: photos, decisions and accounts are counted on both sides; the restored site verifies."""
    photo = large_photo()
    for _ in range(scaled(1000)):
        visit.send(unique(photo), cracked=True)
    visit.wait_ended(scaled(1000), seconds=1800)
    begin = time.monotonic()
    console.run("backup", str(tmp_path))
    backed_up = time.monotonic()
    archive = next(tmp_path.glob("*.tar"))
    words = target[1].run("restore", str(archive))
    restored = time.monotonic()
    assert "nothing broken" in words
    assert target[1].script(COUNTS) == console.script(COUNTS)
    figures.note(
        "K2 backup and restore",
        photos=scaled(1000),
        gigabytes=round(archive.stat().st_size / 1e9, 1),
        backup_s=round(backed_up - begin),
        restore_s=round(restored - backed_up),
    )


COUNTS = """
from django.apps import apps
models = apps.get_app_config("classifier").get_models()
print({model.__name__: model.objects.count() for model in models})
"""

USERS = """
from django.db import connection
from classifier.models import User
made = User._meta.db_table in connection.introspection.table_names()
print(User.objects.count() if made else 0, "users")
"""
