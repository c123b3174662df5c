"""Disks and a database that fail for a while beneath the worker: no photo is blamed for it."""

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from django.db import OperationalError
from django.utils import timezone

from classifier import classification, health, images, photo_files
from classifier.models.photo_queue import MAX_ATTEMPTS
from classifier.states import PhotoState
from tests.factories import active_version, classify, jpeg, make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _active() -> None:
    active_version()


def failing(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_args: object, **_kwargs: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    ("where", "error", "told"),
    [
        ("images.write_working_images", OSError(errno.ENOSPC, "No space left"), "is full"),
        ("images.write_working_images", PermissionError(errno.EACCES, "denied"), "is shut to it"),
        ("images.write_evidence", OSError(errno.EROFS, "Read-only"), "fails or is shut to it"),
        ("photo_files.sha256_of", OSError(errno.EIO, "I/O error"), "(I/O error)"),
        ("photo_files.sha256_of", OSError(errno.EMFILE, "Too many open files"), "(Too many"),
        ("engine.StubEngine.classify", OperationalError("gone"), "database did not answer"),
    ],
)
def test_a_disk_or_database_that_fails_counts_against_no_photo(
    monkeypatch: pytest.MonkeyPatch, where: str, error: Exception, told: str
) -> None:
    """F20, F21: however long it lasts, the photo waits, says why, and goes on by itself."""
    photo = make_photo()
    with monkeypatch.context() as patch:
        patch.setattr(f"classifier.{where}", failing(error))
        for number in range(MAX_ATTEMPTS + 1):
            classify(photo, f"try {number}")
            assert (photo.state, photo.attempts) == (PhotoState.WAITING, 0)
            assert told in photo.reason
    assert health.facts(timezone.now())["held_up"] == photo.reason
    now = timezone.now()
    assert classification.take_waiting(now) == [photo.pk]
    assert classification.take_waiting(now) == [], "Once a lease, not as fast as it fails."
    classify(photo)
    assert (photo.state, photo.reason) == (PhotoState.CLASSIFIED, "")
    assert health.facts(timezone.now())["held_up"] == ""


@pytest.mark.parametrize("decoder", ["photos._head_and_size", "photo_pixels.upright"])
def test_a_disk_that_fails_in_mid_decoding_does_not_spoil_the_photo(
    monkeypatch: pytest.MonkeyPatch, decoder: str
) -> None:
    photo = make_photo()
    with monkeypatch.context() as patch:
        patch.setattr(f"ml_training.{decoder}", failing(OSError(errno.EIO, "I/O error")))
        assert (classify(photo).state, photo.attempts) == (PhotoState.WAITING, 0)
    assert classify(photo).state == PhotoState.CLASSIFIED


def test_a_working_image_that_was_cut_off_is_made_anew() -> None:
    photo = make_photo()
    working = photo_files.working(photo)
    working.parent.mkdir(parents=True)
    working.write_bytes(b"")
    assert classify(photo).state == PhotoState.CLASSIFIED


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the system take so many bytes of a file and no more, as a disk does that fills up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_image_that_finds_no_room_does_not_appear_cut_off(
    tmp_path: Path,
) -> None:
    original, folder = tmp_path / "deck.jpg", tmp_path / "derived"
    original.write_bytes(jpeg())
    images.write_working_images(original, folder)
    size = (folder / "working.jpg").stat().st_size
    (folder / "working.jpg").unlink()
    with files_of_at_most(size - 1), pytest.raises(OSError, match="File too large"):
        images.write_working_images(original, folder)
    assert [path.name for path in folder.iterdir()] == ["thumbnail.jpg"]
