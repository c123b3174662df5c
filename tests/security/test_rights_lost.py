"""S25: a right that is taken away in mid-request; `tests/access` asks it of every form."""

import pytest
from django.urls import reverse
from pytest_django import Settings

from classifier import failpoints, retraining, versions
from classifier.forms import DecisionForm
from classifier.models import AuditEvent, Decision, ModelVersion, Override, Photo, TrainingRun
from classifier.readiness import Readiness, readiness
from tests.factories import (
    active_version,
    jpeg,
    make_candidate,
    make_classified,
    make_lessons,
    make_photo_set,
    make_user,
    take_away,
    upload_file,
)
from tests.security.conftest import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("taken", ["role", "account"])]


def test_a_right_lost_in_mid_upload_stores_nothing(
    monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    photo_set = make_photo_set()
    person = photo_set.uploaded_by

    def revoke(point: str, *_: object) -> None:
        if point == "U4":
            take_away(person, taken)

    monkeypatch.setattr(failpoints, "hit", revoke)
    address = reverse("photo-upload", args=[photo_set.pk])
    answer = signed_in(person).post(address, {"photo": upload_file(jpeg())})
    assert answer.status_code == 403
    assert not Photo.objects.exists()


def test_a_right_lost_before_a_decision_is_written_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    photo, person = make_classified(), make_user("reviewer")
    read = DecisionForm.is_valid

    def revoke(form: DecisionForm) -> bool:
        take_away(person, taken)
        return read(form)

    monkeypatch.setattr(DecisionForm, "is_valid", revoke)
    answer = signed_in(person).post(reverse("decide", args=[photo.pk]), {"outcome": "confirmed"})
    assert answer.status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("second_admin", [True, False])
def test_a_right_lost_while_a_model_is_verified_activates_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, taken: str, *, second_admin: bool
) -> None:
    settings.SECOND_ADMIN = second_admin
    person, active, candidate = make_user("admin"), active_version(), make_candidate()
    verify = versions.problem

    def revoke(version: ModelVersion) -> str | None:
        take_away(person, taken)
        return verify(version)

    monkeypatch.setattr(versions, "problem", revoke)
    address = reverse("activate", args=[candidate.pk])
    assert signed_in(person).post(address, {"reason": "better"}).status_code == 403
    assert ModelVersion.objects.active() == active
    assert AuditEvent.objects.newest("model version activated", candidate) is None
    assert not Override.objects.exists()


def test_a_right_lost_before_a_training_is_asked_for_starts_none(
    monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    person = make_user("admin")
    make_lessons(person)

    def revoke() -> Readiness:
        take_away(person, taken)
        return readiness()

    monkeypatch.setattr(retraining, "readiness", revoke)
    assert signed_in(person).post(reverse("train")).status_code == 403
    assert not TrainingRun.objects.exists()
