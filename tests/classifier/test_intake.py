import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from PIL import Image

from classifier import classification, intake, photo_files
from classifier.models import AuditEvent, Element, Photo
from classifier.states import PhotoState
from tests.factories import (
    active_version,
    jpeg,
    make_photo,
    make_photo_set,
    make_structure,
    make_user,
    upload_file,
)

pytestmark = pytest.mark.django_db


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_photo_is_stored_byte_for_byte() -> None:
    content = jpeg()
    photo_set = make_photo_set()
    photo = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by).photo
    stored = photo_files.original(photo)
    assert stored.read_bytes() == content
    assert photo.sha256 == hashlib.sha256(content).hexdigest()
    assert (photo.state, photo.width, photo.height) == (PhotoState.WAITING, 96, 64)


def test_an_upload_is_written_to_the_audit_log() -> None:
    photo = make_photo()
    event = AuditEvent.objects.get(action="photo uploaded")
    assert (event.actor, event.subject_id) == (photo.uploaded_by, photo.pk)


def test_the_same_bytes_are_stored_once_in_a_structure(media: Path) -> None:
    photo_set, content = make_photo_set(), jpeg()
    first = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by)
    second = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by)
    assert (first.duplicate, second.duplicate) == (False, True)
    assert first.photo == second.photo
    assert len(files_below(media)) == 1


def test_the_same_bytes_on_another_structure_are_a_photo_of_their_own() -> None:
    content = jpeg()
    for photo_set in (make_photo_set(), make_photo_set()):
        received = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by)
        assert not received.duplicate


def test_a_photo_that_arrived_damaged_is_refused(media: Path) -> None:
    photo_set = make_photo_set()
    with pytest.raises(intake.UploadRefused, match=r"deck\.jpg arrived damaged") as refusal:
        intake.receive_photo(
            photo_set, upload_file(), by=photo_set.uploaded_by, client_sha256="0" * 64
        )
    assert refusal.value.status == 422
    assert files_below(media) == []


def test_a_refused_file_leaves_nothing_behind(media: Path) -> None:
    photo_set = make_photo_set()
    with pytest.raises(intake.UploadRefused, match=r"page\.jpg") as refusal:
        intake.receive_photo(
            photo_set, upload_file(b"<html>", "page.jpg"), by=photo_set.uploaded_by
        )
    assert refusal.value.status in (415, 422)
    assert files_below(media) == []
    assert not Photo.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    photo_set = make_photo_set()
    upload = upload_file(jpeg() + bytes(41_000_000), name="big.jpg")
    with pytest.raises(intake.UploadRefused, match=r"^big\.jpg .*up to 40 MB") as refusal:
        intake.receive_photo(photo_set, upload, by=photo_set.uploaded_by)
    assert refusal.value.status == 413


def test_a_failure_after_storing_removes_the_file(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_set = make_photo_set()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("database gone")

    monkeypatch.setattr(Photo, "save", fail)
    with pytest.raises(RuntimeError, match="database gone"):
        intake.receive_photo(photo_set, upload_file(), by=photo_set.uploaded_by)
    assert files_below(media) == []


def test_a_database_that_takes_no_row_leaves_no_file(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_set = make_photo_set()

    def locked(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.db.transaction.Atomic.__enter__", locked)
    with pytest.raises(OperationalError):
        intake.receive_photo(photo_set, upload_file(), by=photo_set.uploaded_by)
    assert files_below(media) == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"rotten")])
def test_an_original_that_is_gone_or_spoilt_is_put_back_by_sending_it_again(
    damage: Callable[[Path], object],
) -> None:
    photo_set, content = make_photo_set(), jpeg()
    photo = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by).photo
    digests = [photo.sha256]
    assert list(intake.already_here(photo_set, digests)) == digests
    damage(photo_files.original(photo))
    assert intake.already_here(photo_set, digests) == {}
    again = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by)
    assert (again.photo, again.duplicate) == (photo, True)
    assert photo_files.original(photo).read_bytes() == content
    assert AuditEvent.objects.get(action="original put back").subject_id == photo.pk


def test_a_photo_that_failed_for_want_of_its_file_waits_again_once_it_is_there() -> None:
    active_version()
    photo_set, content = make_photo_set(), jpeg()
    photo = intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by).photo
    path = photo_files.original(photo)
    path.write_bytes(bytes(len(content)))
    classification.classify(photo.pk, claimant="worker")
    assert intake.already_here(photo_set, [photo.sha256]) == {}
    intake.receive_photo(photo_set, upload_file(content), by=photo_set.uploaded_by)
    photo.refresh_from_db()
    assert (photo.state, photo.reason) == (PhotoState.WAITING, "")


def test_a_full_disk_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    photo_set = make_photo_set()

    def no_room() -> Iterator[bytes]:
        raise OSError(28, "No space left on device")
        yield b""

    upload = upload_file()
    monkeypatch.setattr(upload, "chunks", no_room)
    with pytest.raises(photo_files.StorageFull):
        intake.receive_photo(photo_set, upload, by=photo_set.uploaded_by)


def test_exif_time_camera_and_orientation_are_read_once() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "Camera X"
    exif.get_ifd(0x8769)[0x9003] = "2026:05:04 10:20:30"
    photo_set = make_photo_set()
    file = upload_file(jpeg(size=(96, 64), exif=exif))
    photo = intake.receive_photo(photo_set, file, by=photo_set.uploaded_by).photo
    assert (photo.orientation, photo.width, photo.height) == (6, 64, 96)
    assert photo.camera == "Camera X"
    assert photo.taken_at is not None
    assert photo.taken_at.isoformat().startswith("2026-05-04T10:20:30")


def test_elements_follow_the_form_but_used_ones_stay() -> None:
    structure = make_structure()
    photo_set = make_photo_set(structure)
    photo_set.element = Element.objects.get(structure=structure, name="pier")
    photo_set.save()
    intake.register_structure(structure, elements=["girder"], by=make_user("inspector"))
    assert {element.name for element in structure.elements.all()} == {"girder", "pier"}


def test_a_changed_structure_is_recorded_with_what_it_was_before() -> None:
    structure, by = make_structure("Arch"), make_user("inspector")
    structure.name, structure.latitude = "Old arch", 47.5
    intake.register_structure(structure, elements=["deck"], by=by)
    assert AuditEvent.objects.get(action="structure changed").detail == {
        "name": ["Arch", "Old arch"],
        "latitude": [None, 47.5],
        "elements": [["deck", "pier"], ["deck"]],
    }
    assert AuditEvent.objects.get(action="structure registered").detail == {}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_identical_uploads_at_the_same_instant_give_one_row(media: Path) -> None:
    photo_set, content = make_photo_set(), jpeg()

    def send(_number: int) -> bool:
        try:
            received = intake.receive_photo(
                photo_set, upload_file(content), by=photo_set.uploaded_by
            )
            return received.duplicate
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        duplicates = list(pool.map(send, range(16)))
    assert sorted(duplicates) == [False] + [True] * 15
    assert Photo.objects.count() == len(files_below(media)) == 1
