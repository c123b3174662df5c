from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ml_training import RELEASED, compare, read_facts, retrain
from ml_training.comparing import GOLDEN_PHOTOS
from ml_training.contracts import (
    CompareRequest,
    DatasetError,
    LabelledPhoto,
    ModelFileError,
    Progress,
    RetrainRequest,
    TooFewPhotos,
    TrainingCancelled,
)
from ml_training.inference import load_classifier
from ml_training.machine import threads
from ml_training.retraining import _sides
from tests.ml_training.conftest import MakePhotos, draw_wall
from tests.ml_training.test_cards import refuse_other_cards

pytestmark = pytest.mark.keras


def request_for(photos: tuple[LabelledPhoto, ...], out: Path) -> RetrainRequest:
    return RetrainRequest(
        photos=photos,
        held_out_groups=frozenset({"structure-1"}),
        base=RELEASED,
        out=out,
        replay=None,
        epochs=2,
        seed=1,
        name="candidate",
    )


def as_served(request: RetrainRequest) -> dict[str, object]:
    """Give the card of a candidate as a site serves it: with what a comparison found."""
    measured = tuple(p for p in request.photos if p.group in request.held_out_groups)
    sides = CompareRequest(request.base, request.out, measured)
    found = compare(sides, on_photo=lambda *_: None, should_stop=lambda: False)
    figures: Any = found.figures
    compared = {
        "beside": "the released model",
        "at": "2026-11-29T12:00:00+00:00",
        "passed": found.passed,
        "findings": [asdict(finding) for finding in found.findings],
        "beside_figures": {kind: one["active"] for kind, one in figures.items()},
    }
    ours = {kind: one["candidate"] for kind, one in figures.items()}
    return {**read_facts(request.out).card, "compared": compared, "figures": ours}


@pytest.mark.timeout(800)
def test_a_retraining_gives_a_candidate_with_golden_answers(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    told: list[Progress] = []
    request = request_for(make_photos(12), tmp_path / "models" / "candidate")
    facts = retrain(request, on_progress=told.append, should_stop=lambda: False)
    assert facts.weights_sha256 != read_facts(RELEASED).weights_sha256
    assert facts.card["reviewed"]["held_out"] == 4  # type: ignore[index]  # JSON
    assert len(facts.card["golden"]) == GOLDEN_PHOTOS  # type: ignore[arg-type]  # JSON
    refuse_other_cards(facts.card)
    refuse_other_cards(as_served(request))
    moved = facts.card["recalibrated"]["offset"]  # type: ignore[index]  # JSON
    assert moved[0] != moved[1], "Its scores are held to those of its base."
    assert {p.epoch for p in told} == {0, 1, 2}
    assert all(p.loss > 0 for p in told if p.epoch), "A stage before the first epoch has no loss."
    assert load_classifier(request.out).judge(draw_wall(1, cracked=False)).verdict


def test_a_retraining_with_nothing_of_its_own_to_calibrate_by_ends_with_a_candidate(
    make_photos: MakePhotos, small_folder: Path, tmp_path: Path
) -> None:
    """The four photos all teach, and so does the whole replay folder."""
    for kind, cracked in (("Positive", True), ("Negative", False)):
        (tmp_path / "old" / kind).mkdir(parents=True)
        draw_wall(9, cracked=cracked).save(tmp_path / "old" / kind / "1.jpg")
    request = replace(
        request_for(make_photos(4), tmp_path / "candidate"),
        base=small_folder,
        replay=tmp_path / "old",
        epochs=1,
    )
    card = retrain(request, on_progress=lambda _: None, should_stop=lambda: False).card
    assert card["reviewed"]["calibrated_on"] == 0  # type: ignore[index]  # JSON
    assert "recalibrated" in card
    assert card["threads"] == threads()


def test_asking_to_stop_is_heard_at_once_and_leaves_nothing(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    answers = iter([False] * 20 + [True])
    with pytest.raises(TrainingCancelled):
        retrain(
            request_for(make_photos(8), tmp_path / "out"),
            on_progress=lambda _: None,
            should_stop=lambda: next(answers),
        )
    assert list(answers) == [], "It stopped before it was asked to."
    assert not (tmp_path / "out").exists()


def test_too_few_photos_to_learn_from_are_refused(make_photos: MakePhotos, tmp_path: Path) -> None:
    request = request_for(make_photos(6), tmp_path / "out")
    request = replace(request, held_out_groups=frozenset({"structure-0"}))
    with pytest.raises(TooFewPhotos, match="at least 4 reviewed photos"):
        retrain(request, on_progress=lambda _: None, should_stop=lambda: False)


def test_a_picture_that_would_teach_and_measure_fails_the_run(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    photos = make_photos(8)
    with Image.open(photos[0].path) as picture:
        picture.resize((300, 225)).save(photos[4].path, quality=60)
    with pytest.raises(DatasetError, match=r"photo-00\.jpg would be learned from and photo-04"):
        retrain(
            request_for(photos, tmp_path / "out"),
            on_progress=lambda _: None,
            should_stop=lambda: False,
        )


def test_a_photo_that_cannot_be_read_any_more_fails_the_run_by_name(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    """R05: one of them, and so all of them."""
    photos = make_photos(8)
    photos[5].path.write_bytes(photos[5].path.read_bytes()[:900])
    with pytest.raises(DatasetError, match=r"photo-05\.jpg cannot be learned from"):
        retrain(
            request_for(photos, tmp_path / "out"),
            on_progress=lambda _: None,
            should_stop=lambda: False,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("cracked", [(), (True,) * 8, (False,) * 8, (True, False)])
def test_none_few_or_photos_of_one_kind_are_refused_with_the_reason(
    make_photos: MakePhotos, tmp_path: Path, cracked: tuple[bool, ...]
) -> None:
    """R05: what is there is counted in the sentence."""
    photos = [
        replace(p, cracked=c, group="a") for p, c in zip(make_photos(8), cracked, strict=False)
    ]
    request = request_for(tuple(photos), tmp_path / "out")
    there = f"there are {sum(cracked)} confirmed and {len(cracked) - sum(cracked)} dismissed"
    with pytest.raises(TooFewPhotos, match=there):
        retrain(request, on_progress=lambda _: None, should_stop=lambda: False)


def test_an_existing_version_is_never_overwritten(make_photos: MakePhotos, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="exists already"):
        retrain(
            request_for(make_photos(8), tmp_path),
            on_progress=lambda _: None,
            should_stop=lambda: False,
        )


def named(count: int, group: str) -> tuple[LabelledPhoto, ...]:
    return tuple(
        LabelledPhoto(Path(f"{group}-{n}.jpg"), n % 2 == 0, group, key=f"{group} {n}")
        for n in range(count)
    )


def test_what_calibrates_one_version_never_teaches_another(tmp_path: Path) -> None:
    request = request_for(named(40, "structure-0"), tmp_path)
    first, second = _sides(request), _sides(replace(request, seed=2, photos=request.photos[:30]))
    assert 4 <= len(first.calibrating) <= 12
    assert not {p.key for p in first.calibrating} & {p.key for p in second.learned}
    assert len(first.learned) + len(first.calibrating) == 40


def test_no_photo_changes_its_part_when_many_structures_come_in(tmp_path: Path) -> None:
    photos = tuple(photo for number in range(40) for photo in named(20, f"tunnel-{number}"))
    many, few = _sides(request_for(photos, tmp_path)), _sides(request_for(photos[:60], tmp_path))
    assert few.calibrating
    assert {p.key for p in few.calibrating} <= {p.key for p in many.calibrating}
    assert not {p.key for p in few.learned} & {p.key for p in many.calibrating}


def test_a_few_photos_are_all_learned_from(tmp_path: Path) -> None:
    sides = _sides(request_for(named(4, "structure-0"), tmp_path))
    assert (len(sides.learned), sides.calibrating) == (4, [])


class Killed(BaseException):
    """Stands for a worker that dies."""


@pytest.mark.timeout(800)
def test_one_snapshot_and_seed_give_one_set_of_weights_also_after_a_kill(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    """R07: twice the same, the second time by a worker that died in its second epoch."""
    whole = request_for(make_photos(12), tmp_path / "whole")
    first = retrain(whole, on_progress=lambda _: None, should_stop=lambda: False).card

    def die(progress: Progress) -> None:
        if progress.epoch == 2:
            raise Killed

    request = replace(whole, out=tmp_path / "resumed", checkpoint=tmp_path / "work" / "run.npz")
    with pytest.raises(Killed):
        retrain(request, on_progress=die, should_stop=lambda: False)
    assert not request.out.exists()
    told: list[Progress] = []
    second = retrain(request, on_progress=told.append, should_stop=lambda: False).card
    assert {p.epoch for p in told} == {0, 2}, "The first epoch is not learned again."
    assert second["variables_sha256"] == first["variables_sha256"]
    assert second["golden"] == first["golden"]
