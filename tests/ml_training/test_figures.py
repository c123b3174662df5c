from pathlib import Path

import numpy as np
import pytest

from ml_training import evaluation
from ml_training.calibration import apply, balanced_weights, choose_thresholds, fit_platt
from ml_training.contracts import Thresholds
from ml_training.dataset import Example
from ml_training.measuring import measured_examples
from ml_training.pooling import log_mean_exp, strongest_mean
from ml_training.regions import MOST_REGIONS, find_regions
from ml_training.serving import FULL_MAP, Calibration, Serving


def drawn_scores(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Draw logits whose true probability is sigmoid(2 · logit - 1)."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, count)
    return logits, rng.random(count) < 1 / (1 + np.exp(-(2 * logits - 1)))


def test_auc_counts_pairs_and_halves_ties() -> None:
    scores, cracked = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert evaluation.auc(scores, cracked) == pytest.approx(3.5 / 4)


def test_recall_at_false_flags_allows_just_that_share() -> None:
    clear, found = np.linspace(0, 1, 100), np.array([0.85, 0.93, 0.97, 0.99])
    scores, cracked = np.r_[clear, found], np.r_[np.zeros(100, bool), np.ones(4, bool)]
    assert evaluation.recall_at_false_flags(scores, cracked, 0.10) == pytest.approx(0.75)


def test_platt_finds_the_scale_and_offset_that_were_drawn() -> None:
    logits, cracked = drawn_scores()
    fitted = fit_platt(logits, cracked, np.ones(len(logits)))
    assert fitted.scale == pytest.approx(2, abs=0.15)
    assert fitted.offset == pytest.approx(-1, abs=0.15)
    assert evaluation.expected_calibration_error(apply(fitted, logits), cracked) < 0.02


def test_separable_photos_do_not_drive_the_scale_to_infinity() -> None:
    logits = np.array([-3.0, -2.5, 2.5, 3.0])
    assert fit_platt(logits, logits > 0, np.ones(4)).scale < 10


def test_sources_and_kinds_weigh_alike() -> None:
    kinds = [("a", True)] * 3 + [("b", True)] + [("a", False)] * 4
    weights = balanced_weights(kinds)
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights[:4].sum() == pytest.approx(weights[4:].sum())


def test_thresholds_keep_their_promises() -> None:
    logits, cracked = drawn_scores()
    scores = 1 / (1 + np.exp(-logits))
    chosen = choose_thresholds(scores, cracked, np.ones(len(scores)), missed=0.02, false_flags=0.03)
    assert (scores[cracked] < chosen.clear_below).mean() <= 0.02
    assert (scores[~cracked] >= chosen.flagged_from).mean() <= 0.03
    assert chosen.clear_below < chosen.flagged_from


def test_well_separated_photos_leave_no_undecided_band() -> None:
    scores, cracked = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    chosen = choose_thresholds(scores, cracked, np.ones(4))
    assert chosen.clear_below == chosen.flagged_from == pytest.approx(0.5, abs=0.01)


def test_the_confusion_counts_every_photo_once() -> None:
    scores, cracked = np.array([0.1, 0.5, 0.9]), np.array([False, True, True])
    table = evaluation.confusion(scores, cracked, Thresholds(0.3, 0.7))
    assert table["cracked"] == {"flagged": 1, "undecided": 1, "clear": 0}
    assert table["clear"] == {"flagged": 0, "undecided": 0, "clear": 1}


def test_pointing_at_the_crack_is_noticed() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20, :] = 255
    cells = np.zeros((4, 4))
    cells[1, 2] = 0.9
    assert evaluation.locate(cells, mask).pointed
    assert not evaluation.locate(np.eye(4)[::-1] * 0 + np.diag([0, 0, 0, 1.0]), mask).pointed


def test_a_smooth_maximum_lies_between_mean_and_maximum() -> None:
    logits = np.array([[0.0, 1.0], [2.0, 7.0]])
    assert logits.mean() < log_mean_exp(logits, 2.0) < logits.max()
    assert log_mean_exp(np.full((3, 3), 900.0), 2.0) == pytest.approx(900)


def test_the_strongest_cells_do_not_drown_in_a_large_photo() -> None:
    small, large = np.zeros((4, 4)), np.zeros((90, 120))
    small[0, :3] = large[0, :3] = 6.0
    assert strongest_mean(small, 3) == strongest_mean(large, 3) == 6.0
    assert strongest_mean(small[:1, :2], 8) == 6.0


def test_touching_cells_make_one_region_with_a_closed_outline() -> None:
    cells = np.zeros((6, 8))
    cells[1, 1:4], cells[2, 4], cells[5, 7] = 0.9, 0.8, 0.6
    strong, weak = find_regions(cells, from_probability=0.5)
    assert (strong.score, weak.score) == (0.9, 0.6)
    assert all(1 / 8 <= x <= 5 / 8 and 1 / 6 <= y <= 3 / 6 for x, y in strong.outline)


def test_noise_gives_a_bounded_number_of_regions() -> None:
    found = find_regions(np.random.default_rng(0).random((90, 120)), from_probability=0.9)
    assert len(found) == MOST_REGIONS
    assert all(len(region.outline) >= 3 for region in found)


def test_an_empty_map_has_no_regions() -> None:
    assert find_regions(np.zeros((3, 3)), from_probability=0.5) == ()


def test_photos_the_model_learned_from_are_not_measured() -> None:
    def photo(source: str, role: str, group: str) -> Example:
        return Example(Path(f"{source}-{group}.jpg"), True, "crack", group, source, role, None)

    photos = [photo("old", "train", f"g{i}") for i in range(50)]
    others = [photo("old", "dev", "g0"), photo("new", "train", "g1")]
    card = {"split": {"trained_sources": ["old"], "held_out_share": 0.2, "seed": 1}}
    measured = measured_examples([*photos, *others], card)
    assert set(others) <= set(measured)
    assert 0 < len(measured) - 2 < 25


def test_a_patch_gains_for_each_halving_of_its_map_and_a_whole_photo_nothing() -> None:
    plain = Calibration(1.0, 0.0)
    thresholds = Thresholds(0.2, 0.8)
    serving = Serving((576, 1152), 1.5, (8, 8), plain, plain, 0.5, thresholds, patch_bonus=0.5)
    assert serving.bonus(FULL_MAP // 4) == pytest.approx(1.0)
    assert serving.bonus(FULL_MAP) == serving.bonus(10 * FULL_MAP) == 0


def test_kinds_that_are_nearly_apart_are_fitted_all_the_same() -> None:
    """Far from zero, where a whole step of Newton's would leap over the best fit."""
    rng = np.random.default_rng(5)
    cracked = np.arange(600) % 2 == 0
    logits = np.where(cracked, rng.normal(9, 1, 600), rng.normal(1, 1.5, 600))
    fitted = fit_platt(logits, cracked, np.ones(600))
    assert 3 < -fitted.offset / fitted.scale < 7
    assert ((apply(fitted, logits) > 0.5) == cracked).mean() > 0.98
