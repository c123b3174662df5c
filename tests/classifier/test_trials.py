"""A comparison that was asked for ends with a sentence, and is made once."""

import shutil

import pytest

from classifier import gate, tasks, trials, versions
from classifier.engine import Comparison, StubEngine
from classifier.models import AuditEvent, ModelVersion, Trial, User
from ml_training.contracts import PhotoUnreadable
from tests.factories import active_version, make_candidate, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def candidate(admin: User) -> ModelVersion:
    """Return a version whose comparison with the active one was asked for."""
    active_version()
    candidate = make_candidate()
    assert trials.ask(candidate, by=admin)
    return candidate


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def compare(*_: object) -> Comparison:
        raise error

    monkeypatch.setattr(StubEngine, "compare", compare)


def test_two_presses_make_one_comparison_and_a_later_one_another(
    candidate: ModelVersion, admin: User
) -> None:
    assert not trials.ask(candidate, by=admin), "One is under way."
    for _ in range(2):
        tasks.compare_version(candidate.pk)
    assert Trial.objects.count() == 1
    assert trials.ask(candidate, by=admin)
    tasks.compare_version(candidate.pk)
    assert Trial.objects.count() == 2
    assert AuditEvent.objects.filter(action="comparison asked", actor=admin).count() == 2


def test_a_measuring_photo_that_cannot_be_read_is_named(
    candidate: ModelVersion, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = PhotoUnreadable("damaged", "pier-7.jpg is damaged: its end is missing.")
    fail_with(error, monkeypatch)
    tasks.compare_version(candidate.pk)
    told = "It could not be compared. pier-7.jpg is damaged: its end is missing."
    assert versions.objection(candidate) == told
    assert trials.ask(candidate, by=admin), "It may be tried again."


def test_an_active_version_whose_files_are_damaged_is_told(candidate: ModelVersion) -> None:
    shutil.rmtree(versions.model_folder(active_version()))
    tasks.compare_version(candidate.pk)
    assert versions.objection(candidate).startswith("It could not be compared. ")


def test_a_fault_is_told_too(candidate: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(RuntimeError("a fault"), monkeypatch)
    tasks.compare_version(candidate.pk)
    assert versions.objection(candidate) == trials.FAULT


def test_a_version_that_became_active_meanwhile_has_nothing_to_be_compared_with(
    candidate: ModelVersion, admin: User
) -> None:
    versions.activate(candidate, by=admin, reason="It knows our joints.")
    tasks.compare_version(candidate.pk)
    with pytest.raises(gate.CannotCompare):
        gate.compare(candidate)
    assert not Trial.objects.exists()
