"""Thresholds: what others would do, counted on photos the version did not learn from."""

import pytest

from classifier import classification, retraining, thresholds
from classifier.models import ModelVersion, Photo, Prediction, User
from tests.factories import (
    active_version,
    give_one_that_measures_the_file_of_one_that_taught,
    make_lessons,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


def judged(admin: User, outcome: str, score: float) -> Photo:
    photo = make_reviewed(make_photo_set(), outcome, by=admin)
    Prediction.objects.filter(photo=photo).update(score=score)
    return photo


def test_a_preview_counts_caught_cracks_false_flags_and_photos_to_look_at(admin: User) -> None:
    for score in (0.2, 0.5, 0.9):
        judged(admin, "confirmed", score)
    judged(admin, "dismissed", 0.8)
    answers = thresholds.answers(active_version())
    seen = answers.under(0.3, 0.7)
    assert (seen.caught, seen.cracked, seen.false_flags, seen.clear) == (2, 3, 1, 1)
    assert seen.look_per_100 == 75
    assert answers.under(0.1, 0.95).look_per_100 == 100


def test_each_score_says_what_it_would_do_beside_what_holds(admin: User) -> None:
    for score, outcome in ((0.2, "confirmed"), (0.5, "confirmed"), (0.8, "dismissed")):
        judged(admin, outcome, score)
    answers = thresholds.answers(active_version())
    steps = {step.score: step for step in answers.roc(answers.under(0.3, 0.7))}
    assert steps[0.2].lower_told == (
        "2 of 2 cracks are caught (1 more than now); "
        "100 of 100 photos are to be looked at (33 more than now)."
    )
    assert steps[0.5].upper_told == (
        "1 of 2 cracks are flagged (1 more than now), and 1 of 1 photos without one (as now)."
    )
    assert steps[0.9].lower_told.startswith("0 of 2 cracks are caught (1 fewer than now)")


def test_photos_that_taught_the_version_do_not_count(admin: User) -> None:
    active_version()
    make_lessons(admin)
    run = retraining.request_run(by=admin)
    retraining.execute(run.pk)
    candidate = ModelVersion.objects.get(state="candidate")
    for photo in Photo.objects.all():
        classification.judge_again(photo, candidate)
    answers = thresholds.answers(candidate)
    assert (len(answers.cracked), len(answers.clear), len(answers.judged)) == (1, 1, 8)
    give_one_that_measures_the_file_of_one_that_taught(run)
    answers = thresholds.answers(candidate)
    assert len(answers.cracked) + len(answers.clear) == 1


def test_a_version_trained_from_it_keeps_moved_thresholds(admin: User) -> None:
    make_lessons(admin)
    thresholds.move(active_version(), clear_below=0.25, flagged_from=0.6, by=admin)
    retraining.execute(retraining.request_run(by=admin).pk)
    candidate = ModelVersion.objects.get(state="candidate")
    assert (candidate.clear_below, candidate.flagged_from) == (0.25, 0.6)
