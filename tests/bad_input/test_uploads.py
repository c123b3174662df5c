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


def post(photo_set: PhotoSet, content: bytes, name: str) -> tuple[int, dict[str, str]]:
    """Send a form exactly as it would be on the wire; return status and JSON."""
    client = Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(photo_set.uploaded_by, backend=backend)
    disposition = b'Content-Disposition: form-data; name="photo"; filename="%s"' % wire_name(name)
    edge = f"--{BOUNDARY}".encode()
    head = edge + b"\r\n" + disposition + b"\r\nContent-Type: image/jpeg\r\n\r\n"
    answer = client.post(
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
STORED = [row for row in ROWS if not isinstance(row.expected, int) and row not in NAMELESS]


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
