"""Judging old photos again where something fails: no photo holds up the others."""

import errno
import shutil
from pathlib import Path

import pytest

from classifier import images, photo_files, rescoring, versions
from classifier.engine import PhotoAnswer, StubEngine
from classifier.models import AuditEvent, ModelVersion, Photo, Rescoring, User
from tests.classifier.test_rescoring import newer
from tests.factories import SOUND, active_version, make_candidate, make_classified, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def photos() -> list[Photo]:
    return [make_classified(colour=SOUND) for _ in range(2)]


def test_a_photo_at_which_something_fails_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    candidate, stub = make_candidate(), StubEngine.classify

    def classify(self: StubEngine, image: Path, *, model: Path) -> PhotoAnswer:
        if image == photo_files.working(photos[0]):
            raise RuntimeError("a fault in a library")
        return stub(self, image, model=model)

    monkeypatch.setattr(StubEngine, "classify", classify)
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    assert Rescoring.objects.get().state == "finished"
    assert [answer.photo for answer in candidate.predictions.all()] == [photos[1]]


def test_what_passes_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    asked = rescoring.ask(make_candidate(), by=admin)
    monkeypatch.setattr(images, "write_evidence", fail)
    with pytest.raises(OSError, match="No space left"):
        rescoring.go_on(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.done) == ("running", 0)


def test_a_version_that_cannot_be_opened_ends_its_rescoring(
    photos: list[Photo], admin: User
) -> None:
    candidate = make_candidate()
    asked = rescoring.ask(candidate, by=admin)
    shutil.rmtree(versions.model_folder(candidate))
    rescoring.go_on(asked.pk)
    assert Rescoring.objects.get().state == "cancelled"
    assert {photo.state for photo in Photo.objects.all()} == {"classified"}
    failed = AuditEvent.objects.get(action="rescoring failed")
    assert "no card that can be read" in failed.detail["why"]


def test_an_active_version_that_cannot_be_opened_for_old_photos_gives_way(
    photos: list[Photo], admin: User
) -> None:
    before = active_version()
    asked = rescoring.ask(newer(admin), by=admin)
    shutil.rmtree(versions.model_folder(asked.version))
    rescoring.go_on(asked.pk)
    assert ModelVersion.objects.active() == before
    assert list(ModelVersion.objects.alarming()) == [asked.version]
