"""Moved thresholds: which photos follow them, which keep what people saw, and the way back."""

import importlib

import pytest
from django.apps import apps

from classifier import classification, review, signing, thresholds, versions
from classifier.engine import PhotoAnswer, StubEngine
from classifier.models import AuditEvent, ModelVersion, Photo, PhotoSet, Prediction, User
from classifier.models.append_only import AppendOnlyError
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    active_version,
    make_candidate,
    make_classified,
    make_photo,
    make_photo_set,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


@pytest.fixture
def photo_set() -> PhotoSet:
    """Return a set of a cracked (0.95), a doubtful (0.5) and a sound photo (0.05)."""
    photo_set = make_photo_set()
    for colour in (CRACK, DOUBT, SOUND):
        make_classified(photo_set, colour)
    return photo_set


def verdicts() -> list[str]:
    rows = Photo.objects.order_by("id").values_list("prediction__verdict", flat=True)
    return [str(verdict) for verdict in rows]


def move(by: User, clear_below: float, flagged_from: float) -> int:
    return thresholds.move(
        active_version(), clear_below=clear_below, flagged_from=flagged_from, by=by
    )


def test_photos_without_a_decision_follow_at_once_wherever_they_are_counted(
    photo_set: PhotoSet, admin: User
) -> None:
    assert move(admin, 0.6, 0.99) == 2
    assert verdicts() == ["undecided", "clear", "clear"]
    assert Photo.objects.waiting_for_review().count() == 1
    assert Photo.objects.with_verdict("clear").count() == 2
    for answer in Prediction.objects.all():
        assert (answer.clear_below, answer.flagged_from) == (0.6, 0.99)
    event = AuditEvent.objects.get(action="thresholds moved")
    assert event.detail == {"before": [0.3, 0.7], "after": [0.6, 0.99], "photos": 2}
    assert move(admin, 0.6, 0.99) == 0


def test_a_photo_that_people_decided_on_keeps_what_they_saw_until_that_is_withdrawn(
    photo_set: PhotoSet, admin: User
) -> None:
    photo = Photo.objects.earliest("id")
    decision = review.decide(photo, "confirmed", by=admin, seen_decision_id=None)
    assert move(admin, 0.6, 0.99) == 1
    assert verdicts() == ["flagged", "clear", "clear"]
    answer = Prediction.objects.get(photo=photo)
    assert (answer.clear_below, answer.flagged_from) == (0.3, 0.7)
    review.undo(photo, by=admin, seen_decision_id=decision.pk)
    assert verdicts() == ["undecided", "clear", "clear"]


def test_a_signed_inspection_keeps_its_verdicts_until_it_is_opened_again(admin: User) -> None:
    photo_set = make_photo_set()
    make_classified(photo_set, SOUND)
    signing.sign(photo_set.inspection, name="A. Reviewer", by=admin)
    assert move(admin, 0.01, 0.02) == 0
    assert verdicts() == ["clear"]
    signing.reopen(photo_set.inspection, reason="the thresholds were moved", by=admin)
    assert verdicts() == ["flagged"]


def test_answers_of_other_versions_stay(photo_set: PhotoSet, admin: User) -> None:
    candidate = make_candidate()
    for photo in Photo.objects.all():
        classification.judge_again(photo, candidate)
    assert thresholds.move(candidate, clear_below=0.01, flagged_from=0.02, by=admin) == 0
    assert verdicts() == ["flagged", "undecided", "clear"], "Nobody is shown a candidate's."
    versions.activate(candidate, by=admin, reason="wanted")
    classification.take_over_answers(candidate)
    assert verdicts() == ["flagged"] * 3


def test_a_photo_looked_at_during_the_move_is_judged_by_what_holds_then(
    monkeypatch: pytest.MonkeyPatch, admin: User
) -> None:
    photo, stub = make_photo(colour=CRACK), StubEngine.classify
    active_version()

    def slow(self: StubEngine, image: object, *, model: object) -> PhotoAnswer:
        answer = stub(self, image, model=model)  # type: ignore[arg-type]  # passed on as they are
        move(admin, 0.6, 0.99)
        return answer

    monkeypatch.setattr(StubEngine, "classify", slow)
    classification.classify(photo.pk, claimant="test")
    assert verdicts() == ["undecided"]


def test_every_set_is_kept_and_an_earlier_one_is_put_back_as_a_new_one(
    photo_set: PhotoSet, admin: User
) -> None:
    move(admin, 0.6, 0.99)
    made = active_version().threshold_sets.earliest("id")
    assert thresholds.put_back(made, by=admin) == 2
    assert verdicts() == ["flagged", "undecided", "clear"]
    version = ModelVersion.objects.get()
    kept = [
        (row.origin, row.clear_below, row.flagged_from, row.by, row.photos)
        for row in version.threshold_sets.order_by("id")
    ]
    assert kept == [
        ("made", 0.3, 0.7, None, 0),
        ("moved", 0.6, 0.99, admin, 2),
        ("put_back", 0.3, 0.7, admin, 2),
    ]
    assert (version.clear_below, version.flagged_from) == (0.3, 0.7)
    assert AuditEvent.objects.get(action="thresholds put back").detail["photos"] == 2
    with pytest.raises(AppendOnlyError):
        made.save()


def test_sets_of_before_they_were_kept_are_read_from_the_audit_log(admin: User) -> None:
    version = active_version()
    moved_by_log = {"before": [0.3, 0.7], "after": [0.2, 0.8]}
    AuditEvent.objects.record("thresholds moved", version, by=admin, **moved_by_log)
    version.threshold_sets.all()._raw_delete(using="default")
    migration = importlib.import_module("classifier.migrations.0027_threshold_sets")
    migration.read_log(RawApps, None)
    rows = version.threshold_sets.order_by("id")
    assert [(r.origin, r.clear_below, r.flagged_from, r.by) for r in rows] == [
        ("made", 0.3, 0.7, None),
        ("moved", 0.2, 0.8, admin),
    ]
    assert rows[0].created_at == version.created_at


class RawApps:
    """Models as a migration has them: their rows may be changed."""

    @staticmethod
    def get_model(app: str, name: str) -> type:
        model = apps.get_model(app, name)
        return type(name, (), {"objects": model._base_manager})
