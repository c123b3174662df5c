"""The split: by structure, drawn once by a salted hash, refused where it leaks."""

import itertools
from collections.abc import Callable
from uuid import uuid4

import pytest

from classifier import gate, manifests, outlines, retraining, review
from classifier.classification import judge_again
from classifier.engine import ModelFacts, Progress, RetrainRequest, StubEngine
from classifier.manifests import Entry, LeakedSplit, draw_sides
from classifier.models import ModelVersion, Photo, Structure, TrainingRun
from classifier.models.training_run import LONGEST_MESSAGE
from classifier.readiness import readiness
from classifier.states import Side
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    active_version,
    add_region,
    make_candidate,
    make_classified,
    make_lessons,
    make_photo_set,
    make_reviewed,
    make_user,
)

LEARN, TEST = Side.LEARN, Side.TEST
_numbers = itertools.count(10)


def entry(side: Side, **values: object) -> Entry:
    number = next(_numbers)
    plain = {"name": f"{side}.jpg", "structure": number, "set": number, "sha256": str(number)}
    return {**plain, "side": side, **values}


def test_a_quarter_of_the_structures_rounded_up_only_measures() -> None:
    for count, tests in ((2, 1), (4, 1), (5, 2), (40, 10)):
        sides = draw_sides(dict.fromkeys(range(count), ""))
        assert list(sides.values()).count(TEST) == tests


def test_a_side_once_drawn_is_never_drawn_again() -> None:
    before: dict[int, str] = {**draw_sides(dict.fromkeys(range(9), ""))}
    later = draw_sides(before | dict.fromkeys(range(9, 40), ""))
    assert set(later) == set(range(9, 40))
    tests = [*before.values(), *later.values()].count(TEST)
    assert tests == 10


@pytest.mark.parametrize("what", ["structure", "set", "sha256"])
def test_what_would_teach_and_measure_is_refused_by_name(what: str) -> None:
    """R02."""
    manifest = [
        entry(LEARN, name="deck.jpg", **{what: 1}),
        entry(TEST, name="pier.jpg", **{what: 1}),
    ]
    with pytest.raises(LeakedSplit, match=r"deck\.jpg would be learned from and pier\.jpg"):
        manifests.refuse_leaks(manifest, known=())


def test_a_refusal_says_what_to_do_also_after_the_longest_names() -> None:
    manifest = [entry(side, name=255 * "n", sha256="s") for side in (LEARN, TEST)]
    with pytest.raises(LeakedSplit) as refused:
        manifests.refuse_leaks(manifest, known=())
    assert len(str(refused.value)) <= LONGEST_MESSAGE


@pytest.mark.parametrize("side", [LEARN, TEST])
def test_a_file_that_taught_an_earlier_run_measures_none_that_goes_on_from_it(side: Side) -> None:
    """R04: the copy that taught may have left the list meanwhile."""
    manifest = [entry(LEARN), entry(side, name="pier.jpg", sha256="a"), entry(TEST)]
    if side == LEARN:
        manifests.refuse_leaks(manifest, known={"a"})
        return
    with pytest.raises(LeakedSplit, match=r"pier\.jpg would measure .* Answer “can’t tell” on it"):
        manifests.refuse_leaks(manifest, known={"a"})


def test_two_photos_of_one_side_may_share_everything() -> None:
    learned = [entry(LEARN, structure=1), entry(LEARN, structure=1)]
    manifests.refuse_leaks([*learned, entry(TEST)], known=())


@pytest.mark.django_db
def test_what_the_gate_will_have_is_told_before_the_sides_are_drawn() -> None:
    make_lessons(make_user("reviewer"), structures=5)
    told = [bar.there for bar in manifests.gate_bars(manifests.outline())]
    measuring = manifests.of_side(manifests.freeze(), Side.TEST)
    confirmed = sum(entry["cracked"] for entry in measuring)
    assert told == [confirmed, len(measuring) - confirmed] == [2, 2]
    assert told == [bar.there for bar in manifests.gate_bars(manifests.outline())]


@pytest.mark.django_db
def test_five_successive_runs_never_learn_from_what_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R04: structures are added before each run; the sides of the earlier ones stand."""
    asked: list[RetrainRequest] = []
    stub = StubEngine.retrain

    def retrain(
        self: StubEngine,
        request: RetrainRequest,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> ModelFacts:
        asked.append(request)
        return stub(self, request, on_progress, should_stop)

    monkeypatch.setattr(StubEngine, "retrain", retrain)
    active_version()
    admin = make_user("admin", "reviewer")
    for _ in range(5):
        make_lessons(admin)
        retraining.execute(retraining.request_run(by=admin).pk)
    measured = [request.held_out_groups for request in asked]
    learned = {p.group for r in asked for p in r.photos if p.group not in r.held_out_groups}
    assert [len(groups) for groups in measured] == [1, 2, 3, 4, 5]
    assert learned.isdisjoint(frozenset().union(*measured))
    assert TrainingRun.objects.filter(state="succeeded").count() == 5


@pytest.mark.django_db
def test_a_run_that_cannot_begin_draws_no_sides() -> None:
    active_version()
    admin = make_user("admin", "reviewer")
    one, other = make_lessons(admin, structures=2)
    for outcome in ("confirmed", "dismissed"):
        for _ in range(3):
            make_reviewed(one, outcome, by=admin)
    measuring = max((one, other), key=lambda s: s.photos.count()).inspection.structure_id
    Structure.objects.take_side(measuring, TEST)
    assert not readiness().is_enough
    with pytest.raises(retraining.CannotTrain, match="kept apart to measure"):
        retraining.request_run(by=admin)
    assert Structure.objects.sides()[other.inspection.structure_id] == ""


@pytest.mark.django_db
def test_marked_cracks_stand_in_the_manifest_until_they_are_taken_back() -> None:
    admin = make_user("admin", "reviewer")
    photo = make_reviewed(make_photo_set(), "confirmed", by=admin)
    earlier = manifests.labels()
    place = review.Place("line", 0.6, 0.1, 0.2, 0.5)
    seen = photo.decision_id
    mark = review.mark(photo, place, "missed", by=admin, seen_decision_id=seen, remark="")
    assert [entry["marks"] for entry in manifests.labels()] == [[[0.2, 0.1, 0.6, 0.5]]]
    assert manifests.changes_since(earlier, manifests.labels()) == 1
    review.withdraw_mark(mark, by=admin)
    assert manifests.labels() == earlier


def regions_of(outcome: str) -> list[list[float]]:
    """Decide on a photo with regions of 0.9, 0.75 and 0.4; return which its label names."""
    by = make_user("reviewer")
    photo = make_classified()
    assert photo.prediction
    photo.prediction.regions.all().delete()
    for number, score in enumerate((0.4, 0.9, 0.75)):
        add_region(photo, left=number / 4, score=score)
    cause = "joint" if outcome == "dismissed" else ""
    review.decide(photo, outcome, by=by, seen_decision_id=None, cause=cause)
    (label,) = manifests.labels()
    return [box[:2] for box in label["regions"]]


@pytest.mark.django_db
def test_all_regions_of_a_dismissed_photo_are_dismissed_the_strongest_first() -> None:
    assert regions_of("dismissed") == [[0.25, 0.1], [0.5, 0.1], [0.0, 0.1]]


@pytest.mark.django_db
def test_of_a_confirmed_photo_the_regions_count_that_flagged_it() -> None:
    assert regions_of("confirmed") == [[0.25, 0.1], [0.5, 0.1]]


def without_left(left: float) -> dict[str, list[float]]:
    """Clear an outline of a confirmed photo; return where those lie that stay and that went."""
    regions_of("confirmed")
    photo = Photo.objects.get()
    outlined = [region for region in photo.regions_seen if region.outline[0][0] == left]
    seen, by = photo.decision_id, make_user("reviewer")
    outlines.clear(photo, [region.pk for region in outlined], by=by, seen_decision_id=seen)
    (label,) = manifests.labels()
    return {name: [box[0] for box in label[name]] for name in ("regions", "cleared")}


@pytest.mark.django_db
def test_a_cleared_outline_is_no_crack_and_the_others_stay() -> None:
    assert without_left(0.25) == {"regions": [0.5], "cleared": [0.25]}


@pytest.mark.django_db
def test_a_clearing_is_news_and_changes_the_hash_of_a_manifest() -> None:
    regions_of("confirmed")
    earlier = manifests.labels()
    photo = Photo.objects.get()
    for region in photo.regions_seen:
        seen, by = photo.decision_id, make_user("reviewer")
        outlines.clear(photo, [region.pk], by=by, seen_decision_id=seen)
    now = manifests.labels()
    assert manifests.changes_since(earlier, now) == 1
    assert manifests.changes_since(now, manifests.outline()) == 0
    assert manifests.digest(now) != manifests.digest(earlier)
    ((_, taught),) = gate.labelled(now)
    assert (len(taught.regions), len(taught.cleared)) == (0, 3)


@pytest.mark.django_db
def test_a_dismissal_covers_what_was_cleared() -> None:
    without_left(0.25)
    photo = Photo.objects.get()
    seen, by = photo.decision_id, make_user("reviewer")
    review.decide(photo, "dismissed", by=by, seen_decision_id=seen, cause="joint")
    (label,) = manifests.labels()
    assert (len(label["regions"]), label["cleared"]) == (3, [])


@pytest.mark.django_db
def test_what_another_version_outlines_later_is_not_what_was_answered() -> None:
    regions_of("dismissed")
    photo = Photo.objects.get()
    make_candidate()
    judge_again(photo, ModelVersion.objects.get(state="candidate"))
    assert len(manifests.labels()[0]["regions"]) == 3


@pytest.mark.django_db
def test_what_the_model_says_is_never_a_label() -> None:
    """R06: a photo enters with a person's word and leaves with it, whatever versions say."""
    photo, by = make_classified(), make_user("reviewer")
    assert photo.prediction
    assert photo.prediction.verdict == "flagged"
    assert manifests.labels() == []
    decision = review.decide(photo, "dismissed", by=by, seen_decision_id=None, cause="joint")
    assert [entry["cracked"] for entry in manifests.labels()] == [False]
    review.undo(photo, by=by, seen_decision_id=decision.pk)
    assert manifests.labels() == []


@pytest.mark.django_db
def test_a_label_says_how_it_was_given_and_whether_it_follows_the_model() -> None:
    """R06: agreeing on a contact sheet is agreeing without opening the photo."""
    by = make_user("reviewer")
    flagged, clear, doubtful = (make_classified(None, colour) for colour in (CRACK, SOUND, DOUBT))
    review.decide_many([flagged.pk], "confirmed", by=by, batch=uuid4())
    review.decide(clear, "confirmed", by=by, seen_decision_id=None, blind=True)
    review.decide(doubtful, "confirmed", by=by, seen_decision_id=None)
    labels = manifests.labels()
    assert [(entry["manner"], entry["agrees"]) for entry in labels] == [
        ("sheet", True),
        ("blind", False),
        ("opened", False),
    ]
    assert round(TrainingRun(manifest=labels).unopened_percent) == 33
    assert [row["photos"] for row in TrainingRun(manifest=labels).manners] == [1, 1, 1]
    assert TrainingRun(manifest=[entry(LEARN)]).manners == [], "Runs of old did not keep it."


@pytest.mark.django_db
def test_the_outline_says_of_each_photo_what_a_run_would_freeze() -> None:
    make_lessons(make_user("reviewer"))
    outline, frozen = manifests.outline(), manifests.freeze()
    assert outline
    assert outline == [{key: entry[key] for key in outline[0]} for entry in frozen]
    assert manifests.changes_since(frozen, outline) == 0
