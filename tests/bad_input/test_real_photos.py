"""Photos of 74 real cameras, some with broken EXIF: all pass through upload and worker."""

from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from classifier import classification, images, photo_files
from classifier.models import Photo
from classifier.states import PhotoState
from tests.bad_input.test_requests import signed_in
from tests.factories import active_version, make_photo_set, upload_file

pytestmark = pytest.mark.django_db

TOO_SMALL = {"Fujifilm_FinePix_E500.jpg"}  # 59 pixels wide


@pytest.fixture
def samples(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "exif_samples").rglob("*.jpg"))
    if not found:
        pytest.skip(f"No exif_samples in {shared_data}.")
    return found


def test_every_real_photo_is_stored_classified_and_stripped(
    samples: list[Path], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)
    active_version()
    photo_set = make_photo_set()
    client, address = signed_in(photo_set.uploaded_by), reverse("photo-upload", args=[photo_set.pk])
    for sample in samples:
        form = {"photo": upload_file(sample.read_bytes(), sample.name)}
        answer = client.post(address, form, headers={"accept": "application/json"})
        assert answer.status_code == (422 if sample.name in TOO_SMALL else 201), sample
    for photo in Photo.objects.all():
        assert classification.classify(photo.pk, claimant="test"), photo.name
        made = photo_files.working(photo)
        facts = images.read_capture_facts(made)
        assert (facts.camera, facts.taken_at, facts.latitude) == ("", None, None)
    states = set(Photo.objects.values_list("state", flat=True))
    assert states == {PhotoState.CLASSIFIED}
