"""I7: whatever is wrong with the model versions is found by the verification, and named."""

import shutil

import pytest
from django.db import connection

from classifier import versions
from classifier.engine import ModelFileError, StubEngine
from classifier.models import AuditEvent, ModelVersion
from tests.classifier.test_verification import findings
from tests.factories import (
    active_version,
    make_classified,
    make_lessons,
    make_user,
    train_candidate,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained() -> ModelVersion:
    """Return an active version with a folder of its own."""
    admin = make_user("admin", "reviewer")
    make_lessons(admin)
    return versions.activate(train_candidate(admin), by=admin)


def test_a_changed_model_file_is_named(trained: ModelVersion) -> None:
    assert findings() == []
    (versions.model_folder(trained) / "card.json").write_text('{"name": "another"}')
    (finding,) = findings()
    assert f"I7 The files of model version {trained} cannot be used" in finding
    assert "its seal does not fit" in finding


def test_a_model_folder_that_is_gone_is_named(trained: ModelVersion) -> None:
    shutil.rmtree(versions.model_folder(trained))
    (finding,) = findings()
    assert finding.startswith(f"I7 The files of model version {trained} cannot be used:")


@pytest.mark.parametrize("difference", [0.02, float("nan")])
def test_a_model_that_answers_otherwise_than_when_it_was_written_is_named(
    trained: ModelVersion, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    """As on another processor, or with another release of a library: its files are whole."""
    monkeypatch.setattr(StubEngine, "golden_difference", lambda *_: difference)
    (finding,) = findings()
    assert f"I7 Model version {trained} is active and no longer answers as" in finding


def test_an_active_model_that_cannot_be_opened_is_named(
    trained: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelFileError("a library is missing.")

    monkeypatch.setattr(StubEngine, "golden_difference", fail)
    (finding,) = findings()
    assert f"I7 Model version {trained} is active and cannot be opened: a library" in finding


def test_a_site_without_an_active_version_is_told_so() -> None:
    ModelVersion.objects.filter(pk=active_version().pk).update(state="retired")
    assert findings() == ["I7 One model version has to be active; active: none."]


def test_two_active_versions_are_named(trained: ModelVersion) -> None:
    index = "one_active_model_version"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")
    ModelVersion.objects.update(state="active")
    names = ", ".join(map(str, ModelVersion.objects.all()))
    assert f"I7 One model version has to be active; active: {names}." in findings()


def test_an_activation_past_the_audit_log_is_named() -> None:
    other = make_classified(make_classified().photo_set)
    assert other.pk != active_version().pk
    AuditEvent.objects.record("model version activated", other, by=None)
    (finding,) = findings()
    assert finding.endswith("is active without a recorded activation.")
