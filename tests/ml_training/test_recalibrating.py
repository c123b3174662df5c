"""A candidate whose scores have moved gets thresholds that flag what the base's flagged."""

import numpy as np
import pytest

from ml_training import calibration
from ml_training.contracts import Thresholds
from ml_training.recalibrating import Unseen, carried_over, fit, recalibrate
from ml_training.serving import Calibration, Serving

STANDING = Thresholds(0.16, 0.8)
BASE = Calibration(scale=1.7, offset=-7.8)
RNG = np.random.default_rng(5)
CRACKED = np.arange(200) < 100
RAW = np.where(CRACKED, RNG.normal(6.5, 1.2, 200), RNG.normal(2.5, 1.2, 200))
SERVING = Serving((576, 1152), 1.5, (8, 8), BASE, BASE, 0.5, STANDING)


def unseen(*, shift: float, answered: int, squeeze: float = 1.0) -> Unseen:
    """Let a candidate give all photos lower logits; of each kind so many are answered."""
    counts = np.minimum(np.arange(200) % 100, 100) < answered
    return Unseen(squeeze * RAW - shift, BASE.scale * RAW + BASE.offset, CRACKED, counts)


def verdicts(scores: np.ndarray, thresholds: Thresholds) -> list[str]:
    return [thresholds.verdict(score) for score in scores]


@pytest.mark.parametrize("answered", [0, 5, 100])
def test_scores_that_moved_come_back_to_the_scale_of_the_base(answered: int) -> None:
    seen = unseen(shift=1.0, answered=answered, squeeze=0.8)
    found = recalibrate(SERVING, STANDING, seen)
    before = verdicts(calibration.sigmoid(seen.before), STANDING)
    still = verdicts(calibration.apply(BASE, seen.logits), STANDING)
    after = verdicts(calibration.apply(found.photo, seen.logits), found.thresholds)
    assert np.mean([a != b for a, b in zip(before, still, strict=True)]) > 0.3
    assert np.mean([a != b for a, b in zip(before, after, strict=True)]) < 0.05


def test_an_unchanged_candidate_keeps_its_calibration() -> None:
    found = recalibrate(SERVING, STANDING, unseen(shift=0, answered=0))
    assert found.photo.scale == pytest.approx(BASE.scale, rel=0.01)
    assert found.photo.offset == pytest.approx(BASE.offset, rel=0.01)
    assert found.thresholds.clear_below == pytest.approx(STANDING.clear_below)
    assert found.thresholds.flagged_from == pytest.approx(STANDING.flagged_from)
    assert found.cell.offset == pytest.approx(BASE.offset, rel=0.01)


def test_many_answers_outweigh_the_scores_of_a_base_that_was_wrong() -> None:
    seen = unseen(shift=0, answered=100)
    wrong = Unseen(seen.logits, seen.before - 4, seen.cracked, seen.answered)
    scores = calibration.apply(fit(wrong, BASE), wrong.logits)
    assert abs(scores.mean() - 0.5) < 0.1


def test_as_many_cracks_stay_above_each_threshold_where_many_photos_say_so() -> None:
    cracked = np.arange(2000) < 1000
    ours = np.tile(np.linspace(0.001, 0.999, 1000), 2)
    theirs = np.where(cracked, np.minimum(ours + 0.1, 0.999), ours)
    seen = Unseen(ours, np.log(theirs / (1 - theirs)), cracked, np.ones(2000, np.bool_))
    moved = carried_over(STANDING, seen, ours)
    assert moved.flagged_from == pytest.approx(0.7, abs=0.01)
    assert moved.clear_below == pytest.approx(0.06, abs=0.01)


def test_one_photo_alone_moves_a_threshold_by_little() -> None:
    seen = Unseen(np.zeros(1), np.array([3.0]), np.ones(1, np.bool_), np.ones(1, np.bool_))
    moved = carried_over(STANDING, seen, np.array([0.3]))
    assert 0.7 < moved.flagged_from < 0.8
