"""The site gives every row of the corpus its answer: at upload, and by the worker afterwards."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier import classification
from classifier.models import Photo, PhotoSet
from classifier.states import PhotoState
from classifier.views.files import POLICY
from tests.bad_input.corpus import ROWS, BadInput
from tests.bad_input.pictures import jpeg
from tests.factories import active_version, make_photo_set

pytestmark = pytest.mark.django_db
BOUNDARY = "hairline-boundary"


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep photos in a folder of the test's own, and the doorbell silent."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)
    return tmp_path / "media"


@pytest.fixture
def photo_set() -> PhotoSet:
    active_version()
    return make_photo_set()


def wire_name(name: str) -> bytes:
    """Spell a file name the way browsers put it into a form."""
    for character, spelling in (("\r", "%0D"), ("\n", "%0A"), ('"', "%22")):
        name = name.replace(character, spelling)
    return name.encode()


def signed_in(photo_set: PhotoSet) -> Client:
    client = Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(photo_set.uploaded_by, backend=backend)
    return client


def post(photo_set: PhotoSet, content: bytes, name: str) -> tuple[int, dict[str, str]]:
    """Send a form exactly as it would be on the wire; return status and JSON."""
    return send(photo_set, content, b'filename="%s"' % wire_name(name))


def send(photo_set: PhotoSet, content: bytes, named: bytes) -> tuple[int, dict[str, str]]:
    """Send a form whose part is `named` by these very bytes."""
    disposition = b'Content-Disposition: form-data; name="photo"; ' + named
    edge = f"--{BOUNDARY}".encode()
    head = edge + b"\r\n" + disposition + b"\r\nContent-Type: image/jpeg\r\n\r\n"
    answer = signed_in(photo_set).post(
        reverse("photo-upload", args=[photo_set.pk]),
        head + content + b"\r\n" + edge + b"--\r\n",
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers={"Accept": "application/json"},
    )
    is_json = answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json() if is_json else {}


def stored_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


REFUSED = [row for row in ROWS if isinstance(row.expected, int)]
FOLDERS = ("", ".", "..")
NAMELESS = [row for row in ROWS if re.split(r"[/\\]", row.filename)[-1] in FOLDERS]
ANY = [row for row in ROWS if row.expected == "any"]
STORED = [
    row
    for row in ROWS
    if not isinstance(row.expected, int) and row not in NAMELESS and row not in ANY
]


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_a_refused_file_gets_its_status_and_leaves_nothing(
    row: BadInput, photo_set: PhotoSet, media: Path
) -> None:
    name = "" if row.id == "B020" else row.filename
    status, answer = post(photo_set, row.build(), name)
    assert status == row.expected
    if row.expected != 400:
        assert row.filename in answer["sentence"]
        assert row.says in answer["sentence"]
    assert not Photo.objects.exists()
    assert stored_files(media) == []


@pytest.mark.parametrize("row", STORED, ids=str)
def test_a_stored_file_ends_classified_or_unreadable_with_a_reason(
    row: BadInput, photo_set: PhotoSet
) -> None:
    status, _ = post(photo_set, row.build(), row.filename)
    assert status == 201
    photo = Photo.objects.get()
    classification.classify(photo.pk, claimant="test")
    photo.refresh_from_db()
    expected = PhotoState.CLASSIFIED if row.expected == "accepted" else PhotoState.UNREADABLE
    assert photo.state == expected, photo.reason
    assert bool(photo.reason) == (row.expected == "unreadable")
    if row.shown:  # Django has dropped control characters where display_name sets spaces
        assert photo.name.replace(" ", "") == row.shown.replace(" ", "")


@pytest.mark.parametrize("row", ANY, ids=str)
def test_a_crash_like_file_is_refused_or_ends_with_a_verdict_or_a_reason(
    row: BadInput, photo_set: PhotoSet, media: Path
) -> None:
    status, answer = post(photo_set, row.build(), row.filename)
    if status != 201:
        assert status in (413, 415, 422)
        assert row.filename in answer["sentence"]
        assert stored_files(media) == []
        return
    photo = Photo.objects.get()
    classification.classify(photo.pk, claimant="test")
    photo.refresh_from_db()
    assert photo.state in (PhotoState.CLASSIFIED, PhotoState.UNREADABLE)
    assert bool(photo.reason) == (photo.state == PhotoState.UNREADABLE)


@pytest.mark.parametrize("row", NAMELESS, ids=str)
def test_a_part_whose_name_is_a_folder_is_no_file(row: BadInput, photo_set: PhotoSet) -> None:
    assert post(photo_set, row.build(), row.filename)[0] == 400
    assert not Photo.objects.exists()


def test_a_good_photo_after_bad_ones_is_classified(photo_set: PhotoSet) -> None:
    for content in (b"", b"GIF89a", jpeg()[:500]):
        post(photo_set, content, "bad.jpg")
    status, _ = post(photo_set, jpeg(), "good.jpg")
    assert status == 201
    photo = Photo.objects.latest("pk")
    assert classification.classify(photo.pk, claimant="test")


# B119: how the part is named on the wire, and the name shown; None where it is no photo.
NAMINGS = {
    "no name": (b"", None),
    "two names": (b'filename="first.jpg"; filename="second.jpg"', "second.jpg"),
    "RFC 2231": (b"filename*=UTF-8''deck%20%E6%B7%B7.jpg", "deck 混.jpg"),
    "RFC 2231 without its parts": (b"filename*=deck.jpg", "deck.jpg"),
    "an unknown alphabet": (b"filename*=klingon''deck.jpg", None),
    "bytes of another alphabet": (b'filename="br\xfccke.jpg"', None),
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_a_part_named_oddly_is_stored_or_refused(naming: str, photo_set: PhotoSet) -> None:
    named, shown = NAMINGS[naming]
    status, _ = send(photo_set, jpeg(), named)
    assert status == (201 if shown else 400)
    assert [photo.name for photo in Photo.objects.all()] == ([shown] if shown else [])


def test_b120_photos_of_one_name_are_all_stored(photo_set: PhotoSet) -> None:
    for number in range(5):
        assert post(photo_set, jpeg() + bytes([number]), "IMG_0001.jpg")[0] == 201
    assert [photo.name for photo in Photo.objects.all()] == ["IMG_0001.jpg"] * 5


def accepted(row_id: str) -> BadInput:
    return next(row for row in ROWS if row.id == row_id)


@pytest.mark.parametrize("row_id", ["B099", "B100", "B101", "B102a", "B114c"])
def test_what_a_photo_carries_is_never_active_when_served(row_id: str, photo_set: PhotoSet) -> None:
    row = accepted(row_id)
    post(photo_set, row.build(), row.filename)
    answer = signed_in(photo_set).get(
        reverse("photo-image", args=[Photo.objects.get().pk, "original"])
    )
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert not set("\r\n") & set(answer["Content-Disposition"])
    answer.close()


@pytest.mark.parametrize("row_id", ["B099", "B100"])
def test_no_image_made_from_a_photo_has_its_tail(
    row_id: str, photo_set: PhotoSet, media: Path
) -> None:
    post(photo_set, accepted(row_id).build(), "tail.jpg")
    classification.classify(Photo.objects.get().pk, claimant="test")
    made = [path.read_bytes() for path in (media / "derived").rglob("*") if path.is_file()]
    assert len(made) == 4
    assert not [one for one in made if b"<script" in one or b"<?php" in one]
