import pytest

from classifier import auditing, review
from classifier.models import AuditSample, Inspection, Photo, PhotoSet
from tests.factories import (
    CRACK,
    SOUND,
    active_version,
    make_classified,
    make_photo_set,
    make_reviewed,
    make_structure,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def draw(inspection: Inspection, wished: float = 0.05) -> AuditSample:
    return auditing.draw_sample(inspection, wished=wished, by=make_user("reviewer"))


def decide(photo: Photo, outcome: str, *, blind: bool = True) -> None:
    cause = "stain" if outcome == "dismissed" else ""
    by = make_user("reviewer")
    seen = photo.decision_id
    review.decide(photo, outcome, by=by, seen_decision_id=seen, cause=cause, blind=blind)


def rate(photo_set: PhotoSet) -> auditing.MissRate:
    found = auditing.miss_rate(AuditSample.objects.of_inspection(photo_set.inspection))
    assert found is not None
    return found


def test_a_sample_joins_the_queue_without_a_sign(photo_set: PhotoSet) -> None:
    flagged = make_classified(photo_set, CRACK)
    clear = [make_classified(photo_set, SOUND) for _ in range(3)]
    assert list(review.queue()) == [flagged]
    draw(photo_set.inspection)
    assert set(review.queue()) == {flagged, *clear}


def test_audit_photos_are_strewn_among_the_flagged_ones(photo_set: PhotoSet) -> None:
    for _ in range(6):
        make_classified(photo_set, SOUND)
        make_classified(photo_set, CRACK)
    draw(photo_set.inspection)
    verdicts = [photo.prediction.verdict for photo in review.queue() if photo.prediction]
    assert verdicts[-6:] != ["clear"] * 6
    assert verdicts[:6] != ["clear"] * 6


def test_the_sample_is_as_large_as_its_wish_asks(
    photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.auditing.sample_size", lambda wished: {0.05: 4, 0.1: 2}[wished])
    for _ in range(6):
        make_classified(photo_set, SOUND)
    assert draw(photo_set.inspection, 0.1).photos.count() == 2
    sample = draw(photo_set.inspection)
    assert (sample.photos.count(), sample.clear_count) == (4, 6)


def test_the_rate_counts_confirmed_photos_among_those_judged(photo_set: PhotoSet) -> None:
    photos = [make_classified(photo_set, SOUND) for _ in range(5)]
    draw(photo_set.inspection)
    for photo, outcome in zip(
        photos, ["confirmed", "dismissed", "dismissed", "cant_tell"], strict=False
    ):
        decide(photo, outcome)
    found = rate(photo_set)
    assert (found.missed, found.judged, found.cant_tell, found.open) == (1, 3, 1, 1)
    assert found.percent == pytest.approx(100 / 3)
    assert found.percent_interval == pytest.approx((0.84, 90.57), abs=0.01)


def test_the_rate_says_how_many_were_judged_with_the_answer_in_view(photo_set: PhotoSet) -> None:
    photos = [make_classified(photo_set, SOUND) for _ in range(3)]
    draw(photo_set.inspection)
    for photo, outcome, blind in zip(
        photos, ["dismissed", "confirmed", "cant_tell"], [True, False, False], strict=True
    ):
        decide(photo, outcome, blind=blind)
    assert (rate(photo_set).judged, rate(photo_set).seen) == (2, 1)


def test_an_audit_is_open_until_its_last_photo_is_judged(photo_set: PhotoSet) -> None:
    flagged, clear = make_classified(photo_set, CRACK), make_classified(photo_set, SOUND)
    assert not auditing.is_open(flagged)
    draw(photo_set.inspection)
    assert auditing.is_open(flagged)
    decide(clear, "dismissed")
    assert not auditing.is_open(flagged)


def test_photos_of_an_audit_are_on_no_contact_sheet(photo_set: PhotoSet) -> None:
    flagged, _ = make_classified(photo_set, CRACK), make_classified(photo_set, SOUND)
    draw(photo_set.inspection)
    assert list(review.pile(clear=False)) == [flagged]
    assert not review.pile(clear=True)


def test_a_marked_crack_counts_as_missed(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, SOUND)
    draw(photo_set.inspection)
    place = review.Place("box", 0.1, 0.1, 0.2, 0.2)
    review.mark(photo, place, "missed", by=make_user("reviewer"), seen_decision_id=None, remark="")
    assert rate(photo_set).missed == 1


def test_a_new_sample_takes_the_place_of_the_one_before(photo_set: PhotoSet) -> None:
    make_classified(photo_set, SOUND)
    draw(photo_set.inspection)
    make_classified(photo_set, SOUND)
    draw(photo_set.inspection)
    assert (rate(photo_set).sampled, rate(photo_set).clear) == (2, 2)


def test_the_visits_of_a_structure_count_together() -> None:
    structure = make_structure()
    for _ in range(2):
        photo_set = make_photo_set(structure)
        make_classified(photo_set, SOUND)
        draw(photo_set.inspection)
    found = auditing.miss_rate(AuditSample.objects.of_structure(structure))
    assert found
    assert (found.sampled, found.clear) == (2, 2)


def test_without_a_clear_photo_there_is_nothing_to_audit(photo_set: PhotoSet) -> None:
    make_classified(photo_set, CRACK)
    with pytest.raises(auditing.NothingToAudit):
        draw(photo_set.inspection)
    assert auditing.miss_rate(AuditSample.objects.of_inspection(photo_set.inspection)) is None


# --- false alarms ---
def test_false_alarms_are_counted_by_cause_and_type_of_structure(photo_set: PhotoSet) -> None:
    by = make_user("reviewer")
    make_reviewed(photo_set, "dismissed", by=by)
    make_reviewed(photo_set, "dismissed", by=by)
    make_reviewed(photo_set, "confirmed", by=by)
    decide(make_classified(photo_set, SOUND), "dismissed")  # clear all along: no alarm
    kinds, alarms = auditing.false_alarms(active_version())
    assert kinds == ["Bridge"]
    assert [(row.cause, row.count, row.by_kind) for row in alarms] == [("Joint", 2, [2])]
