"""Drift and health: what is counted by month, when a move is told, and whether scores hold."""

from collections import Counter
from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from classifier import classification, drift, retraining, review, thresholds
from classifier.drift import Months
from classifier.figures import Figures, Share
from classifier.models import (
    Inspection,
    ModelVersion,
    Photo,
    PhotoSet,
    Prediction,
    TrainingRun,
    User,
)
from classifier.models.capture import has_warnings
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    active_version,
    give_one_that_measures_the_file_of_one_that_taught,
    make_classified,
    make_lessons,
    make_photo_set,
    make_reviewed,
    make_user,
)

JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)


def months(now: dict[str, int], before: dict[str, int]) -> Months:
    return [(MAY, Figures(Counter(before))), (JUNE, Figures(Counter(now)))]


def told(now: dict[str, int], before: dict[str, int]) -> list[str]:
    return list(drift.moves("Mill Lane", months(now, before)))


def flagged(share: int, of: int) -> dict[str, int]:
    return {"photos": of, "flagged": share * of // 100}


def test_a_share_that_moves_beyond_its_limit_is_told_in_words() -> None:
    (notice,) = told(flagged(45, 100), flagged(20, 400))
    assert notice.startswith("Mill Lane, June 2026: 45 % of 100 photos are flagged; 20 % in the")


def test_a_share_that_moves_less_than_its_limit_is_not_told() -> None:
    assert told(flagged(38, 1000), flagged(20, 4000)) == []


def test_small_samples_give_no_notice() -> None:
    assert told(flagged(100, 19), flagged(0, 4000)) == []
    assert told(flagged(50, 20), flagged(20, 400)) == [], "The intervals overlap."
    assert len(told(flagged(100, 20), flagged(0, 4000))) == 1


@pytest.mark.parametrize(
    ("hits", "of", "worse", "better"),
    [("agreed", "sure", 60, 90), ("poor", "measured", 60, 30)],
)
def test_what_gets_better_is_not_told(hits: str, of: str, worse: int, better: int) -> None:
    bad, good = {hits: worse, of: 100}, {hits: better, of: 100}
    assert len(told(bad, good)) == 1
    assert told(good, bad) == []


def test_one_month_alone_has_nothing_to_move_from() -> None:
    assert list(drift.moves("Mill Lane", [(JUNE, Figures(Counter(flagged(90, 500))))])) == []


def test_scores_that_are_spread_otherwise_are_told() -> None:
    low = {"photos": 300, "tenth 0": 280, "tenth 5": 20}
    high = {"photos": 300, "tenth 0": 150, "tenth 5": 150}
    (notice,) = told(high, low)
    assert "the scores of 300 photos are spread otherwise" in notice
    assert told(low, low) == []
    few = {"photos": 20, "tenth 0": 14, "tenth 5": 6}
    assert told(few, low) == [], "Chance moves so few photos as far."


def visit(day: date, photo_set: PhotoSet) -> PhotoSet:
    Inspection.objects.filter(pk=photo_set.inspection_id).update(date=day)
    return photo_set


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin", "reviewer")


def test_photos_count_in_the_month_of_their_visit(admin: User) -> None:
    spring, summer = visit(date(2026, 5, 9), make_photo_set()), visit(JUNE, make_photo_set())
    for colour in (CRACK, DOUBT, SOUND):
        make_classified(spring, colour)
    make_classified(summer, SOUND)
    found = drift.look(active_version()).months
    assert [(month, figures.flagged) for month, figures in found] == [
        (MAY, Share(1, 3)),
        (JUNE, Share(0, 1)),
    ]
    assert sum(found[0][1].scores) == 3


def test_what_reviewers_decided_is_held_against_the_verdict(admin: User) -> None:
    photo_set = make_photo_set()
    for outcome in ("confirmed", "dismissed", "dismissed", "cant_tell"):
        make_reviewed(photo_set, outcome, by=admin)
    missed = make_reviewed(photo_set, "confirmed", by=admin)
    Prediction.objects.filter(photo=missed).update(score=0.1)
    (figures,) = (figures for _, figures in drift.look(active_version()).months)
    assert (figures.dismissed, figures.agreed) == (Share(2, 3), Share(1, 4))


def test_thresholds_that_are_moved_move_nothing_between_the_months(admin: User) -> None:
    """Decided photos keep the verdict that people saw; others get another one."""
    spring, summer = visit(MAY, make_photo_set()), visit(JUNE, make_photo_set())
    for photo in [make_classified(spring, DOUBT) for _ in range(2)]:
        review.decide(photo, "confirmed", by=admin, seen_decision_id=None)
    make_classified(summer, DOUBT)
    version = active_version()
    thresholds.move(version, clear_below=0.3, flagged_from=0.45, by=admin)
    version.refresh_from_db()
    (_, before), (_, now) = drift.look(version).months
    assert (before.flagged, now.flagged) == (Share(2, 2), Share(1, 1))
    assert before.agreed == Share(2, 2), "It is sure of them now."


def test_one_structure_is_counted_alone(admin: User) -> None:
    first, second = make_photo_set(), make_photo_set()
    for photo_set in (first, second, second):
        make_classified(photo_set)
    structure = second.inspection.structure
    found = drift.look(active_version(), structure=structure)
    assert [row.name for row in found.rows] == [structure.name]
    assert found.months[0][1].photos == 2
    assert [row.figures.photos for row in drift.look(active_version()).rows] == [2, 1]


def test_a_warning_counts_as_the_photo_page_gives_it(admin: User) -> None:
    photo_set = make_photo_set()
    good = {"sharpness": 0.8, "dark_share": 0.0, "bright_share": 0.0, "width": 4000, "height": 3000}
    changes: list[dict[str, float]] = [{}, {"sharpness": 0.1}, {"dark_share": 0.9}]
    changes += [{"bright_share": 0.5}, {"width": 800, "height": 600}, {"height": 600}]
    for change in changes:
        Photo.objects.filter(pk=make_classified(photo_set).pk).update(**{**good, **change})
    counted = set(Photo.objects.filter(has_warnings()).values_list("pk", flat=True))
    assert counted == {photo.pk for photo in Photo.objects.all() if photo.warnings}
    ((_, figures),) = drift.look(active_version()).months
    assert figures.poor == Share(4, 6)


def test_reliability_holds_scores_against_confirmed_photos(admin: User) -> None:
    for score, outcome in ((0.81, "confirmed"), (0.83, "dismissed"), (1.0, "confirmed")):
        photo = make_reviewed(make_photo_set(), outcome, by=admin)
        Prediction.objects.filter(photo=photo).update(score=score)
    low, high = drift.look(active_version()).reliability
    assert low.score == pytest.approx(0.82)
    assert low.confirmed == Share(1, 2)
    assert (high.score, high.confirmed) == (1.0, Share(1, 1))


def test_photos_that_taught_the_version_say_nothing_of_it(admin: User) -> None:
    make_lessons(admin)
    run = retraining.request_run(by=admin)
    retraining.execute(run.pk)
    candidate = ModelVersion.objects.get(state="candidate")
    for photo in Photo.objects.all():
        classification.judge_again(photo, candidate)
    found = drift.look(candidate)
    assert (found.reviewed, found.months[0][1].photos) == (2, 8)
    assert found.months[0][1].dismissed.of == 2, "Those of the structure that only measures."
    give_one_that_measures_the_file_of_one_that_taught(run)
    assert drift.look(candidate).reviewed == 1


def test_what_a_long_line_of_versions_learned_is_found_in_two_queries(
    admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = active_version()
    for number in range(8):
        named = {"name": f"v{number}", "weights_sha256": f"{number}" * 64}
        limits = {"clear_below": 0.3, "flagged_from": 0.7}
        version = ModelVersion.objects.create(**named, **limits, parent=version)
    with django_assert_num_queries(2):
        assert TrainingRun.objects.taught(version) == []
