"""Clearing single outlines of a confirmed photo: the photo stays confirmed."""

import pytest

from classifier import outlines, review, signing
from classifier.classification import judge_again
from classifier.models import AuditEvent, ClearedRegion, ModelVersion, Photo, Region, User
from classifier.models.append_only import AppendOnlyError
from tests.factories import add_region, make_candidate, make_classified, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer() -> User:
    return make_user("reviewer")


@pytest.fixture
def photo(reviewer: User) -> Photo:
    """Return a confirmed photo with three outlines."""
    photo = make_classified()
    for left in (0.2, 0.6):
        add_region(photo, left=left)
    review.decide(photo, "confirmed", by=reviewer, seen_decision_id=None)
    return photo


def first(photo: Photo) -> list[int]:
    return [photo.regions_seen[0].pk]


def kept(photo: Photo) -> int:
    return len(Photo.objects.for_page().get(pk=photo.pk).regions_kept)


def test_a_cleared_outline_goes_and_the_photo_stays_confirmed(photo: Photo, reviewer: User) -> None:
    seen = photo.decision_id
    assert outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=seen) == 1
    assert kept(photo) == 2
    photo.refresh_from_db()
    assert photo.decision_id == seen
    event = AuditEvent.objects.latest("pk")
    found = (event.action, event.subject_id, event.actor_id)
    assert found == ("outline cleared", photo.pk, reviewer.pk)


def test_a_clearing_can_be_taken_back_and_made_again(photo: Photo, reviewer: User) -> None:
    seen = photo.decision_id
    for _ in range(2):
        assert outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=seen) == 1
        for _ in range(2):  # a second press changes nothing
            cleared = ClearedRegion.objects.filter(withdraws=None).latest("pk")
            outlines.restore(cleared, by=reviewer, seen_decision_id=seen)
        assert kept(photo) == 3
    assert ClearedRegion.objects.count() == 4
    assert AuditEvent.objects.filter(action="outline restored").count() == 2


def test_a_second_press_clears_once(photo: Photo, reviewer: User) -> None:
    for wanted in (1, 0):
        cleared = outlines.clear(
            photo, first(photo), by=reviewer, seen_decision_id=photo.decision_id
        )
        assert cleared == wanted


def test_nothing_is_cleared_over_a_decision_that_was_not_seen(photo: Photo, reviewer: User) -> None:
    seen = photo.decision_id
    outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=seen)
    cleared = ClearedRegion.objects.get()
    review.decide(Photo.objects.get(), "confirmed", by=reviewer, seen_decision_id=seen)
    with pytest.raises(review.DecidedMeanwhile) as conflict:
        outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=seen)
    assert conflict.value.photo.decision_id != seen
    with pytest.raises(review.DecidedMeanwhile):
        outlines.restore(cleared, by=reviewer, seen_decision_id=seen)
    assert ClearedRegion.objects.count() == 1


def test_a_signed_inspection_keeps_its_outlines(photo: Photo, reviewer: User) -> None:
    seen, inspection = photo.decision_id, photo.photo_set.inspection
    outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=seen)
    signing.sign(inspection, name="A. Engineer", by=reviewer)
    with pytest.raises(review.SignedOff):
        outlines.clear(
            photo, [r.pk for r in photo.regions_seen], by=reviewer, seen_decision_id=seen
        )
    with pytest.raises(review.SignedOff):
        outlines.restore(ClearedRegion.objects.get(), by=reviewer, seen_decision_id=seen)
    assert ClearedRegion.objects.count() == 1


def test_only_what_the_photo_was_confirmed_on_is_cleared(photo: Photo, reviewer: User) -> None:
    """Not the outlines of a photo that was dismissed, of another photo or of a later answer."""
    other = make_classified()
    review.decide(other, "dismissed", by=reviewer, seen_decision_id=None, cause="joint")
    judge_again(photo, ModelVersion.objects.get(pk=make_candidate().pk))
    later = Region.objects.filter(prediction__model_version__state="candidate")
    foreign = [*first(other), *later.values_list("pk", flat=True)]
    assert len(foreign) == 2
    for row in (photo, other):
        ids, seen = foreign, row.decision_id
        assert outlines.clear(row, ids, by=reviewer, seen_decision_id=seen) == 0


def test_a_clearing_never_changes_and_leaves_with_its_photo(photo: Photo, reviewer: User) -> None:
    outlines.clear(photo, first(photo), by=reviewer, seen_decision_id=photo.decision_id)
    row = ClearedRegion.objects.get()
    with pytest.raises(AppendOnlyError):
        row.save()
    with pytest.raises(AppendOnlyError):
        row.delete()
    photo.delete()
    assert not ClearedRegion.objects.exists()
