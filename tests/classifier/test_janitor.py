"""Originals that no photo owns: set aside, on record, never deleted; uploads that never ended."""

import os
import uuid
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from classifier import health, janitor, photo_files
from classifier.models import AuditEvent, Pulse
from tests.factories import active_version, make_photo, make_user

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


def plant(media: Path, *, age: float) -> Path:
    """Put an original there that no photo owns, as an upload killed before its commit does."""
    path = media / "originals" / "ab" / f"{uuid.uuid4().hex}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"the only copy")
    changed = path.stat().st_mtime - age
    os.utime(path, (changed, changed))
    return path


def test_an_original_without_a_photo_is_set_aside_after_a_day(media: Path) -> None:
    lost, young = plant(media, age=DAY + 60), plant(media, age=DAY - 60)
    assert janitor.set_aside_originals(timezone.now()) == 1
    assert (media / "aside" / lost.name).read_bytes() == b"the only copy"
    assert not lost.exists()
    assert young.exists()
    event = AuditEvent.objects.get(action="file set aside")
    assert (event.subject, event.detail["bytes"]) == (lost.name, 13)


def test_the_original_of_a_photo_stays_where_it_is(media: Path) -> None:
    path = photo_files.original(make_photo())
    os.utime(path, (0, 0))
    assert janitor.set_aside_originals(timezone.now()) == 0
    assert path.exists()


def test_an_original_that_cannot_be_moved_stays_and_is_named(media: Path) -> None:
    active_version()
    lost = plant(media, age=DAY + 60)
    (media / "aside").write_text("a file where the folder should be")
    assert health.verify_all(timezone.now()) == 1
    assert lost.exists()
    assert not AuditEvent.objects.filter(action="file set aside").exists()


def test_the_nightly_check_sets_aside_and_the_system_page_says_so(
    client: Client, media: Path
) -> None:
    active_version()
    plant(media, age=DAY + 60)
    health.verify_all(timezone.now())
    pulse = Pulse.objects.of(health.VERIFICATION)
    assert pulse is not None
    assert pulse.detail["broken"] == 0
    client.force_login(make_user("admin"), backend="django.contrib.auth.backends.ModelBackend")
    assert (
        "1, 13\xa0bytes: uploads that were cut off"
        in client.get(reverse("system")).content.decode()
    )


def test_an_upload_that_ends_while_abandoned_ones_are_cleared_is_in_nobodys_way(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its temporary file is listed, and gone before it is looked at."""
    incoming, listed = media / "incoming", Path.glob
    incoming.mkdir(exist_ok=True)
    for name in ("ended.jpg", "left.jpg", "young.jpg"):
        (incoming / name).touch()
    os.utime(incoming / "left.jpg", (0, 0))

    def end_one(folder: Path, pattern: str) -> list[Path]:
        found = list(listed(folder, pattern))
        (incoming / "ended.jpg").unlink()
        return found

    monkeypatch.setattr(Path, "glob", end_one)
    assert photo_files.clear_abandoned_uploads(older_than_seconds=60) == 1
    assert [path.name for path in incoming.iterdir()] == ["young.jpg"]
