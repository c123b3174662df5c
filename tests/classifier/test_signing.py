import pytest

from classifier import intake, rescoring, review, signing, versions
from classifier.models import Decision, Mark, Photo, PhotoSet, SignOff
from tests.factories import (
    CRACK,
    SOUND,
    make_candidate,
    make_classified,
    make_photo,
    make_photo_set,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def decide(photo: Photo, outcome: str = "confirmed") -> None:
    by = make_user("reviewer")
    review.decide(photo, outcome, by=by, seen_decision_id=photo.decision_id)


def sign(photo_set: PhotoSet) -> SignOff:
    return signing.sign(photo_set.inspection, name="A. Engineer, PE", by=make_user("reviewer"))


def reopen(photo_set: PhotoSet) -> SignOff:
    return signing.reopen(photo_set.inspection, reason="one was wrong", by=make_user("reviewer"))


def test_a_signed_inspection_refuses_every_change(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    decide(photo)
    by = make_user("reviewer")
    place = review.Place("box", 0.1, 0.1, 0.2, 0.2)
    seen = photo.decision_id
    placed = review.mark(photo, place, "remark", by=by, seen_decision_id=seen, remark="rust")
    sign(photo_set)
    with pytest.raises(review.SignedOff):
        decide(photo, "cant_tell")
    with pytest.raises(review.SignedOff):
        review.undo(photo, by=by, seen_decision_id=seen or 0)
    with pytest.raises(review.SignedOff):
        review.mark(photo, place, "missed", by=by, seen_decision_id=seen, remark="")
    with pytest.raises(review.SignedOff):
        review.withdraw_mark(placed, by=by)
    assert (Decision.objects.count(), Mark.objects.count()) == (1, 1)


def test_a_signed_inspection_keeps_its_verdicts(photo_set: PhotoSet) -> None:
    photo, elsewhere = make_classified(photo_set, SOUND), make_classified(make_photo_set(), SOUND)
    sign(photo_set)
    by = make_user("admin")
    with pytest.raises(review.SignedOff):
        intake.retry(photo, by=by)
    version = versions.activate(make_candidate(), by=make_user("admin"), reason="newer")
    rescoring.go_on(rescoring.ask(version, by=by).pk)
    for row in (photo, elsewhere):
        before, was = row.state, row.prediction
        row.refresh_from_db()
        assert (row.state, row.prediction == was) == (before, row == photo)
        assert row.predictions.filter(model_version=version).exists(), "Beside the old answer."
    assert rescoring.waiting(version) == 0
    reopen(photo_set)
    assert rescoring.waiting(version) == 1
    rescoring.go_on(rescoring.ask(version, by=by).pk)
    photo.refresh_from_db()
    assert photo.prediction
    assert photo.prediction.model_version == version
    assert intake.retry(photo, by=by)


def test_a_new_revision_lets_people_decide_again(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    decide(photo)
    first = sign(photo_set)
    reopen(photo_set)
    decide(photo, "cant_tell")
    second = sign(photo_set)
    assert (first.revision, second.revision) == (1, 2)
    assert first.decisions_sha256 != second.decisions_sha256
    assert SignOff.objects.standing(photo_set.inspection) == second


def test_an_open_inspection_and_its_neighbours_stay_open(photo_set: PhotoSet) -> None:
    sign(photo_set)
    decide(make_classified(make_photo_set(), CRACK))


@pytest.mark.parametrize("what", ["unreviewed", "pending", "signed"])
def test_an_inspection_that_is_not_ready_is_not_signed(photo_set: PhotoSet, what: str) -> None:
    if what == "unreviewed":
        make_classified(photo_set, CRACK)
    elif what == "pending":
        make_photo(photo_set)
    else:
        sign(photo_set)
    before = SignOff.objects.count()
    with pytest.raises(signing.CannotSign):
        sign(photo_set)
    assert SignOff.objects.count() == before


def test_clear_photos_need_no_decision_to_sign(photo_set: PhotoSet) -> None:
    make_classified(photo_set, SOUND)
    assert len(sign(photo_set).decisions_sha256) == 64


def test_what_is_not_signed_cannot_be_opened(photo_set: PhotoSet) -> None:
    with pytest.raises(signing.CannotSign):
        reopen(photo_set)


def test_a_bulk_decision_leaves_signed_photos_alone(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, SOUND)
    sign(photo_set)
    decided, left_alone = review.decide_many([photo.pk], "confirmed", by=make_user("reviewer"))
    assert (decided, left_alone) == ([], [photo])
