"""What the site answers when it cannot do its work just now."""

import errno
import io
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from django.core.files.uploadedfile import UploadedFile
from django.db import InterfaceError, OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse

from classifier import failpoints, photo_files
from classifier.models import Photo, PhotoSet
from classifier.views import photo_sets
from classifier.views.outages import server_error
from classifier.views.upload_handler import BoundedUpload
from tests.factories import make_photo_set, upload_file

JSON = {"accept": "application/json"}


def answer_for(problem: Exception, **headers: str) -> tuple[int, str, str]:
    """The status, the body and Retry-After of an unhandled exception."""
    try:
        raise problem
    except Exception:
        answer = server_error(RequestFactory().get("/", headers=headers))
    return answer.status_code, answer.content.decode(), answer.get("Retry-After", "")


@pytest.mark.parametrize(
    ("problem", "status", "retry"),
    [
        (OperationalError("database is locked"), 503, "10"),
        (InterfaceError("connection already closed"), 503, "10"),
        (OSError(28, "No space left on device"), 507, "60"),
        (photo_files.StorageFull(), 507, "60"),
        (photo_files.StorageFailed(), 503, "60"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507, "60"),
        (OSError(errno.EROFS, "Read-only file system"), 503, "60"),
        (OSError(errno.EIO, "Input/output error"), 503, "60"),
        (PermissionError(errno.EACCES, "Permission denied"), 503, "60"),
        (OSError(errno.EMFILE, "Too many open files"), 503, "60"),
        (FileNotFoundError(errno.ENOENT, "No such file"), 500, ""),
        (OSError("image file is truncated"), 500, ""),
        (RuntimeError("secret detail"), 500, ""),
    ],
)
def test_an_outage_is_told_from_a_fault(problem: Exception, status: int, retry: str) -> None:
    answered, page, after = answer_for(problem)
    assert (answered, after) == (status, retry)
    assert "secret detail" not in page


def test_machines_get_the_sentence_as_json() -> None:
    status, body, _ = answer_for(OperationalError("gone"), **JSON)
    assert status == 503
    assert '"sentence": "Nothing that was stored is lost' in body


def test_a_full_disk_of_postgresql_is_a_full_disk() -> None:
    full = OperationalError("could not extend file")
    full.__cause__ = psycopg.errors.DiskFull()
    assert answer_for(full)[0] == 507


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE])
def test_a_full_disk_of_sqlite_is_a_full_disk(code: int) -> None:
    full = OperationalError("disk I/O error")
    full.__cause__ = sqlite3.OperationalError()
    full.__cause__.sqlite_errorcode = code
    assert answer_for(full)[0] == 507


@pytest.mark.django_db
def test_a_view_without_a_database_answers_503(monkeypatch: pytest.MonkeyPatch) -> None:
    photo_set = make_photo_set()

    def gone(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(photo_sets, "_context", gone)
    client = Client(raise_request_exception=False)
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(photo_set.uploaded_by, backend=backend)
    assert client.get(reverse("photo-set", args=[photo_set.pk])).status_code == 503


# --- uploads on their way to the disk ---
class Disk(io.BytesIO):
    """A disk that takes so many bytes and no more."""

    def __init__(self, room: int, error: int) -> None:
        super().__init__()
        self.room, self.error = room, error

    def write(self, content: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        if self.tell() + len(content) > self.room:
            raise OSError(self.error, os.strerror(self.error))
        return super().write(content)


def received(
    chunks: list[bytes], room: int = 1 << 30, error: int = errno.ENOSPC
) -> UploadedFile[bytes] | None:
    handler = BoundedUpload()
    handler.handle_raw_input()
    handler.new_file("photo", "deck.jpg", "image/jpeg", None)
    handler.file.close()
    handler.file.file = Disk(room, error)
    start = 0
    for chunk in chunks:
        handler.receive_data_chunk(chunk, start)
        start += len(chunk)
    return handler.file_complete(start)


def test_an_upload_arrives_as_it_was_sent() -> None:
    file = received([b"abc", b"def"])
    assert file is not None
    assert (file.read(), file.size) == (b"abcdef", 6)


def test_of_a_photo_that_is_too_large_no_more_is_kept_than_allowed() -> None:
    megabyte = bytes(1_000_000)
    file = received([megabyte] * 60, room=42_000_000)
    assert file is not None
    assert file.size == 60_000_000


def test_a_disk_that_fills_up_is_told_once_all_was_read() -> None:
    with pytest.raises(photo_files.StorageFull):
        received([b"abc", b"def"], room=4)


def test_a_disk_that_fails_is_told_once_all_was_read() -> None:
    with pytest.raises(photo_files.StorageFailed):
        received([b"abc", b"def"], room=4, error=errno.EIO)


@pytest.fixture
def inspector() -> tuple[Client, str]:
    """Return a signed-in browser that meets faults as a person does, and where it sends photos."""
    photo_set: PhotoSet = make_photo_set()
    client = Client(raise_request_exception=False)
    client.force_login(photo_set.uploaded_by, backend="django.contrib.auth.backends.ModelBackend")
    return client, reverse("photo-upload", args=[photo_set.pk])


@pytest.mark.django_db
@pytest.mark.parametrize("error", [errno.EROFS, errno.EIO, errno.EACCES])
def test_media_that_take_nothing_are_answered_with_503(
    inspector: tuple[Client, str], monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(error, os.strerror(error))

    client, address = inspector
    for making in ("django.core.files.uploadhandler.TemporaryUploadedFile", "tempfile.mkstemp"):
        with monkeypatch.context() as patch:
            patch.setattr(making, refuse)
            answer = client.post(address, {"photo": upload_file()}, headers=JSON)
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
        assert "nothing was stored" in answer.json()["sentence"]
    assert not Photo.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_database_without_room_stores_no_photo_and_says_so(
    inspector: tuple[Client, str], media: Path
) -> None:
    """F21, as SQLite itself says it."""
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite can be told how large it may become.")
    client, address = inspector
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count")
        as_it_was = cursor.fetchone()[0]
        cursor.execute("PRAGMA max_page_count = 1")  # it cannot get smaller than it is
        try:
            while True:  # pages that are in use already have room for a few rows
                stored, files = Photo.objects.count(), list(media.rglob("*.jpg"))
                answer = client.post(address, {"photo": upload_file()}, headers=JSON)
                if answer.status_code != 201:
                    break
        finally:
            cursor.execute(f"PRAGMA max_page_count = {as_it_was}")
    assert (answer.status_code, answer["Retry-After"]) == (507, "60")
    assert "disk of the site is full" in answer.json()["sentence"]
    assert (Photo.objects.count(), list(media.rglob("*.jpg"))) == (stored, files)
    assert not list((media / "incoming").iterdir())


@pytest.mark.django_db
def test_a_full_disk_in_mid_upload_is_answered_with_507(
    inspector: tuple[Client, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def strike(point: str, *_: object) -> None:
        if point == "U2":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(failpoints, "hit", strike)
    client, address = inspector
    answer = client.post(address, {"photo": upload_file()}, headers=JSON)
    assert (answer.status_code, answer.json()["state"]) == (507, "failed")
