from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from classifier import review
from classifier.models import AuditEvent, Decision, Mark, Photo
from classifier.models.append_only import AppendOnlyError
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    make_classified,
    make_photo_set,
    make_structure,
    make_user,
)

pytestmark = pytest.mark.django_db


def decide(photo: Photo, outcome: str, **more: object) -> Decision:
    seen = {"seen_decision_id": photo.decision_id, "by": make_user("reviewer")} | more
    return review.decide(photo, outcome, **seen)  # type: ignore[arg-type]  # built by the test


def test_a_decision_stands_and_is_audited() -> None:
    photo = make_classified()
    decision = decide(photo, "confirmed")
    photo.refresh_from_db()
    assert photo.decision == decision
    assert AuditEvent.objects.filter(action="photo confirmed", actor=decision.by).exists()


def test_the_log_tells_what_stood_before_and_what_stands_after_an_undo() -> None:
    photo = make_classified()
    decide(photo, "confirmed")
    second = decide(photo, "dismissed", cause="joint")
    review.undo(photo, by=second.by, seen_decision_id=second.pk)
    events = AuditEvent.objects.filter(subject_type="photo", subject_id=photo.pk).order_by("id")
    details = {event.action: event.detail for event in events}
    assert details["photo confirmed"] == {"cause": "", "before": ""}
    assert details["photo dismissed"] == {"cause": "joint", "before": "confirmed"}
    assert details["decision withdrawn"] == {"before": "dismissed", "after": "confirmed"}


def test_a_decision_names_the_prediction_that_was_seen() -> None:
    photo = make_classified()
    assert decide(photo, "dismissed", cause="joint").prediction == photo.prediction


def test_a_second_decision_on_the_same_view_meets_the_first() -> None:
    photo = make_classified()
    first = decide(photo, "confirmed")
    with pytest.raises(review.DecidedMeanwhile) as conflict:
        decide(photo, "dismissed", cause="joint", seen_decision_id=None)
    assert conflict.value.photo.decision == first
    assert Decision.objects.count() == 1


def test_undo_brings_back_what_stood_before() -> None:
    photo = make_classified()
    first = decide(photo, "confirmed")
    second = decide(photo, "cant_tell")
    assert review.undo(photo, by=second.by, seen_decision_id=second.pk) == first
    assert review.undo(photo, by=first.by, seen_decision_id=first.pk) is None
    photo.refresh_from_db()
    assert photo.decision is None
    assert Decision.objects.on(photo).count() == 4


def test_undo_of_a_decision_that_no_longer_stands_is_refused() -> None:
    photo = make_classified()
    first = decide(photo, "confirmed")
    decide(photo, "cant_tell")
    with pytest.raises(review.DecidedMeanwhile):
        review.undo(photo, by=first.by, seen_decision_id=first.pk)


def test_decisions_never_change() -> None:
    decision = decide(make_classified(), "confirmed")
    decision.outcome = "dismissed"
    with pytest.raises(AppendOnlyError, match="never changes"):
        decision.save()
    with pytest.raises(AppendOnlyError, match="never change"):
        Decision.objects.update(outcome="dismissed")
    with pytest.raises(AppendOnlyError, match="never deleted"):
        decision.delete()


def test_decisions_leave_with_their_photo() -> None:
    photo = make_classified()
    decide(photo, "confirmed")
    photo.delete()
    assert not Decision.objects.exists()


def test_the_database_refuses_a_dismissal_without_cause() -> None:
    with pytest.raises(IntegrityError, match="decision_cause_with_dismissal_only"):
        decide(make_classified(), "dismissed", cause="")


def test_the_queue_holds_flagged_then_undecided_and_no_clear_photo() -> None:
    photo_set = make_photo_set()
    clear, doubt, flagged = (make_classified(photo_set, c) for c in (SOUND, DOUBT, CRACK))
    assert list(review.queue()) == [flagged, doubt]
    decide(flagged, "confirmed")
    assert list(review.queue()) == [doubt]
    assert clear not in review.queue()


def test_the_queue_can_be_of_one_structure() -> None:
    here, there = make_classified(), make_classified()
    assert list(review.queue(here.structure)) == [here]
    assert list(review.queue(make_structure())) == []
    assert there in review.queue()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_reviewers_at_once_one_wins() -> None:
    photo = make_classified()
    people = [make_user("reviewer") for _ in range(6)]

    def press(number: int) -> bool:
        try:
            mine = Photo.objects.get(pk=photo.pk)
            review.decide(mine, "confirmed", by=people[number], seen_decision_id=None)
        except review.DecidedMeanwhile:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(press, range(6))) == 1
    assert Decision.objects.count() == 1


# --- order ---
def test_the_least_certain_photo_comes_first_where_that_is_asked() -> None:
    photo_set = make_photo_set()
    flagged, doubtful = make_classified(photo_set, CRACK), make_classified(photo_set, DOUBT)
    assert list(review.queue(order="confidence")) == [flagged, doubtful]
    assert list(review.queue(order="uncertainty")) == [doubtful, flagged]


def test_structures_follow_each_other_where_that_is_asked() -> None:
    later = make_classified(make_photo_set(make_structure("Wall")), CRACK)
    first = make_classified(make_photo_set(make_structure("Arch")), DOUBT)
    assert list(review.queue(order="structure")) == [first, later]


# --- many at once ---
def test_a_bulk_decision_leaves_what_a_colleague_decided() -> None:
    photo_set = make_photo_set()
    mine, theirs = make_classified(photo_set), make_classified(photo_set)
    first = decide(theirs, "confirmed")
    decided, left_alone = review.decide_many(
        [mine.pk, theirs.pk, 10**9], "dismissed", by=make_user("reviewer"), cause="stain"
    )
    assert (decided, left_alone) == ([mine], [theirs])
    theirs.refresh_from_db()
    assert theirs.decision == first


# --- marks ---
LINE = review.Place("line", 0.1, 0.2, 0.3, 0.4)


def place_mark(photo: Photo, kind: str = "missed", remark: str = "") -> Mark:
    seen = photo.decision_id
    by = make_user("reviewer")
    return review.mark(photo, LINE, kind, by=by, seen_decision_id=seen, remark=remark)


def test_a_missed_crack_on_a_clear_photo_confirms_it() -> None:
    photo = make_classified(colour=SOUND)
    placed = place_mark(photo)
    photo.refresh_from_db()
    assert photo.decision == placed.decision
    assert list(Photo.objects.labelled()) == [photo]
    assert list(Mark.objects.standing_on(photo)) == [placed]


def test_a_remark_on_a_place_decides_nothing() -> None:
    photo = make_classified()
    assert place_mark(photo, "remark", "rust").decision is None
    photo.refresh_from_db()
    assert photo.decision is None


def test_a_mark_taken_back_takes_its_confirmation_along() -> None:
    photo = make_classified(colour=SOUND)
    placed = place_mark(photo)
    for _ in range(2):  # a second press changes nothing
        review.withdraw_mark(Mark.objects.get(pk=placed.pk), by=make_user("reviewer"))
    photo.refresh_from_db()
    assert photo.decision is None
    assert not Mark.objects.standing_on(photo).exists()
    assert Mark.objects.count() == 2


def test_a_later_decision_stands_when_the_mark_is_taken_back() -> None:
    photo = make_classified(colour=SOUND)
    placed = place_mark(photo)
    later = decide(photo, "dismissed", cause="joint")
    review.withdraw_mark(Mark.objects.get(pk=placed.pk), by=make_user("reviewer"))
    photo.refresh_from_db()
    assert photo.decision == later


def test_a_mark_is_not_placed_over_another_decision() -> None:
    photo = make_classified(colour=SOUND)
    decide(photo, "dismissed", cause="joint")
    with pytest.raises(review.DecidedMeanwhile):
        review.mark(
            photo, LINE, "missed", by=make_user("reviewer"), seen_decision_id=None, remark=""
        )
    assert not Mark.objects.exists()


def test_a_missed_crack_is_not_marked_where_its_confirmation_was_withdrawn_meanwhile() -> None:
    photo = make_classified(colour=SOUND)
    confirmed = decide(photo, "confirmed")
    on_screen = Photo.objects.select_related("decision").get(pk=photo.pk)
    review.undo(photo, by=confirmed.by, seen_decision_id=confirmed.pk)
    with pytest.raises(review.DecidedMeanwhile):
        place_mark(on_screen)
    assert not Mark.objects.exists()


def test_a_second_missed_crack_rests_on_the_first_confirmation() -> None:
    photo = make_classified(colour=SOUND)
    placed = [place_mark(photo), place_mark(photo)]
    assert [mark.decision for mark in placed] == [photo.decision, None]


def test_a_mark_never_changes() -> None:
    placed = place_mark(make_classified())
    placed.x1 = 0.9
    with pytest.raises(AppendOnlyError):
        placed.save()
