"""Old photos judged again: beside the old answers, resumable, decisions untouched."""

import pytest

from classifier import rescoring, review, shadows, tasks, thresholds, versions
from classifier.engine import PhotoAnswer, StubEngine
from classifier.models import Decision, ModelVersion, Photo, Prediction, Rescoring, User
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    active_version,
    end_trials,
    make_candidate,
    make_classified,
    make_photo_set,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


@pytest.fixture
def photos(admin: User) -> list[Photo]:
    """Return a cracked photo that was confirmed and a sound one, judged by the active version."""
    photo_set = make_photo_set()
    photos = [make_classified(photo_set, colour) for colour in (CRACK, SOUND)]
    review.decide(photos[0], "confirmed", by=admin, seen_decision_id=None)
    return photos


def turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every answer from now on be the opposite."""
    stub = StubEngine.classify

    def classify(self: StubEngine, image: object, *, model: object) -> PhotoAnswer:
        answer = stub(self, image, model=model)  # type: ignore[arg-type]  # passed on as they are
        score = 1 - answer.score
        return PhotoAnswer(
            score, self.THRESHOLDS.verdict(score), (), answer.evidence, answer.seconds
        )

    monkeypatch.setattr(StubEngine, "classify", classify)


def newer(admin: User) -> ModelVersion:
    return versions.activate(make_candidate(), by=admin, reason="newer")


def answers(photos: list[Photo]) -> list[tuple[int | None, str | None]]:
    rows = Photo.objects.filter(pk__in=[photo.pk for photo in photos]).order_by("id")
    return [(p.prediction.model_version_id, p.prediction.verdict) for p in rows if p.prediction]


def test_the_active_version_answers_anew_beside_the_old_answers(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    """R25."""
    version = newer(admin)
    turned_round(monkeypatch)
    before, decided = list(Prediction.objects.values()), list(Decision.objects.values())
    asked = rescoring.ask(version, by=admin)
    tasks.rescore(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.done, asked.total) == ("finished", 2, 2)
    assert answers(photos) == [(version.pk, "clear"), (version.pk, "flagged")]
    assert Prediction.objects.count() == 4
    assert list(Prediction.objects.exclude(model_version=version).values()) == before
    assert list(Decision.objects.values()) == decided
    photos[0].refresh_from_db()
    assert str(photos[0].decision) == "Confirmed"


def test_the_page_of_changes_shows_both_ways_with_what_people_decided(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    version = newer(admin)
    turned_round(monkeypatch)
    rescoring.go_on(rescoring.ask(version, by=admin).pk)
    found = rescoring.flips(version, rescoring.beside(version))
    assert [(flip.photo, flip.outcome) for flip in found.now_flagged] == [(photos[1], "unreviewed")]
    (lost,) = found.no_longer_flagged
    assert (lost.photo, lost.outcome, lost.before, lost.after) == (
        photos[0],
        "confirmed",
        "flagged",
        "clear",
    )


def test_a_photo_at_which_nobody_looks_any_more_is_counted_and_listed(admin: User) -> None:
    photos = [make_classified(colour=colour) for colour in (DOUBT, SOUND)]
    candidate, active = make_candidate(), active_version()
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    thresholds.move(candidate, clear_below=0.6, flagged_from=0.7, by=admin)
    candidate.refresh_from_db()
    (lost,) = rescoring.flips(candidate, active).no_longer_to_look_at
    assert (lost.photo, lost.before, lost.after) == (photos[0], "undecided", "clear")
    assert Prediction.objects.count_flips(candidate, active) == {
        "all": 2,
        "now_flagged": 0,
        "no_longer_flagged": 0,
        "newly_to_look_at": 0,
        "no_longer_to_look_at": 1,
    }
    thresholds.move(candidate, clear_below=0.01, flagged_from=0.7, by=admin)
    candidate.refresh_from_db()
    found = rescoring.flips(candidate, active)
    assert [flip.photo for flip in found.newly_to_look_at] == [photos[1]]
    assert found.no_longer_to_look_at == found.now_flagged == found.no_longer_flagged == []


def test_more_photos_than_are_listed_are_counted(
    monkeypatch: pytest.MonkeyPatch, admin: User
) -> None:
    sound = [make_classified(colour=SOUND) for _ in range(3)]
    candidate = make_candidate()
    turned_round(monkeypatch)
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    found = rescoring.flips(candidate, active_version(), limit=2)
    assert (len(found.now_flagged), found.counts["now_flagged"]) == (2, len(sound))


def test_candidates_are_held_beside_the_active_version_not_beside_each_other(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    active, first, second = active_version(), make_candidate("first"), make_candidate("second")
    turned_round(monkeypatch)
    for candidate in (first, second):
        rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
        assert rescoring.beside(candidate) == active
        found = rescoring.flips(candidate, active)
        assert [flip.photo for flip in found.now_flagged] == [photos[1]]
        assert [flip.photo for flip in found.no_longer_flagged] == [photos[0]]
    versions.activate(second, by=admin, reason="better")
    assert rescoring.beside(second) == active, "It was active before."
    active.refresh_from_db()
    assert rescoring.beside(active) == second


@pytest.mark.parametrize("moved", ["candidate", "active"])
def test_thresholds_moved_after_the_answers_count_on_the_page(
    photos: list[Photo], admin: User, moved: str
) -> None:
    """Both versions score the cracked photo alike; one of them comes to ask for more."""
    sides = {"active": active_version(), "candidate": make_candidate()}
    candidate = sides["candidate"]
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    score = candidate.predictions.get(photo=photos[0]).score
    thresholds.move(sides[moved], clear_below=0.1, flagged_from=(1 + score) / 2, by=admin)
    for side in sides.values():
        side.refresh_from_db()
    found = rescoring.flips(candidate, sides["active"])
    flips = found.no_longer_flagged if moved == "candidate" else found.now_flagged
    verdicts = ["flagged", "undecided"] if moved == "candidate" else ["undecided", "flagged"]
    assert [[flip.before, flip.after] for flip in flips] == [verdicts]
    assert len(found.now_flagged) + len(found.no_longer_flagged) == 1


def test_the_only_version_is_held_beside_none(photos: list[Photo]) -> None:
    active = active_version()
    assert rescoring.beside(active) is None
    assert rescoring.flips(active, None).now_flagged == []


def test_a_candidate_on_trial_changes_no_answer(photos: list[Photo], admin: User) -> None:
    before, candidate = answers(photos), make_candidate()
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    assert answers(photos) == before
    assert candidate.predictions.count() == 2
    assert rescoring.waiting(candidate) == 0
    versions.activate(candidate, by=admin, reason="better")
    assert rescoring.waiting(candidate) == 2, "Judged on trial, and not shown yet."
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    assert {version for version, _ in answers(photos)} == {candidate.pk}
    assert rescoring.waiting(candidate) == 0


def test_a_candidate_is_tried_on_the_newest_photos(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    monkeypatch.setattr(shadows, "SHADOWED", 1)
    candidate = make_candidate()
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    assert [prediction.photo for prediction in candidate.predictions.all()] == [photos[1]]


def test_it_goes_on_where_it_was_stopped(photos: list[Photo], admin: User) -> None:
    """R25."""
    asked = rescoring.ask(newer(admin), by=admin)
    rescoring.go_on(asked.pk, seconds=0)
    assert rescoring.take_due(asked.requested_at) == [asked.pk]
    assert rescoring.take_due(asked.requested_at) == [], "It was rung for just now."
    rescoring._judge(asked, photos[0])
    rescoring.go_on(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.done) == ("finished", 2)


def test_a_second_press_leads_to_the_one_under_way_and_it_can_be_stopped(
    photos: list[Photo], admin: User
) -> None:
    version = newer(admin)
    asked = rescoring.ask(version, by=admin)
    assert rescoring.ask(version, by=admin) == asked
    rescoring.cancel(asked, by=admin)
    rescoring.go_on(asked.pk)
    assert Rescoring.objects.get().state == "cancelled"
    assert version.predictions.count() == 0


def test_a_version_that_gives_way_meanwhile_judges_no_more_old_photos(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    """R25."""
    version, before = newer(admin), versions.previous()
    assert before
    asked, judge = rescoring.ask(version, by=admin), rescoring._judge

    def judge_and_roll_back(row: Rescoring, photo: Photo) -> None:
        judge(row, photo)
        versions.activate(before, by=admin)

    monkeypatch.setattr(rescoring, "_judge", judge_and_roll_back)
    rescoring.go_on(asked.pk)
    assert version.predictions.count() == 1
    assert Rescoring.objects.get().state == "cancelled"
    monkeypatch.setattr(rescoring, "_judge", judge)
    rescoring.go_on(rescoring.ask(version, by=admin).pk)
    assert version.predictions.count() == 2, "On the newest photos it may be tried again."


def test_a_trial_that_was_under_way_ends_when_its_version_goes_live(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    """Old photos keep their answers until somebody asks for new ones, and then all are judged."""
    monkeypatch.setattr(shadows, "SHADOWED", 1)
    candidate, before = make_candidate(), answers(photos)
    trial = rescoring.ask(candidate, by=admin)
    turned_round(monkeypatch)
    versions.activate(candidate, by=admin, reason="cannot wait")
    end_trials()
    assert answers(photos) == before
    asked = rescoring.ask(candidate, by=admin)
    assert (asked.pk != trial.pk, asked.total) == (True, 2)


def test_a_trial_that_was_asked_for_once_more_judges_no_other_photos(
    monkeypatch: pytest.MonkeyPatch, photos: list[Photo], admin: User
) -> None:
    monkeypatch.setattr(shadows, "SHADOWED", 1)
    candidate = make_candidate()
    for _ in range(2):
        rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
        assert Rescoring.objects.latest("id").state == "finished"
        assert candidate.predictions.count() == 1


def test_an_answer_that_was_on_no_page_follows_the_thresholds_also_beside_a_decision(
    photos: list[Photo], admin: User
) -> None:
    candidate = make_candidate()
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    thresholds.move(candidate, clear_below=0.96, flagged_from=0.99, by=admin)
    candidate.refresh_from_db()
    versions.activate(candidate, by=admin, reason="stricter")
    rescoring.go_on(rescoring.ask(candidate, by=admin).pk)
    assert answers(photos) == [(candidate.pk, "clear"), (candidate.pk, "clear")]


def test_nothing_to_judge_again_is_finished_at_once(admin: User) -> None:
    asked = rescoring.ask(active_version(), by=admin)
    rescoring.go_on(asked.pk)
    assert Rescoring.objects.get().state == "finished"
