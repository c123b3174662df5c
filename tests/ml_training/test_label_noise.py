"""R05: a fifth of the labels is wrong, what was learned is worse, and the gate says so.

Networks that learn from nothing but these pictures, so that wrong labels show: one that starts
from a good model and learns old photos beside them shrugs many of them off.
"""

import numpy as np
import numpy.typing as npt
import pytest

from ml_training.contracts import Thresholds
from ml_training.evaluation import auc
from ml_training.gate import Shown, Trial, judge
from tests.ml_training import small_training

PIXELS, LEARNED, MEASURED = 64, 160, 400

Floats = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]


def pictures() -> tuple[Floats, Answers]:
    """Return noisy grounds, every second one with a faint dark line across."""
    rng = np.random.default_rng(5)
    cracked = np.arange(LEARNED + MEASURED) % 2 == 0
    line = np.where(np.arange(PIXELS) // 8 == 4, -1.0, 0.0)
    return rng.normal(0, 0.8, (len(cracked), PIXELS)) + cracked[:, None] * line, cracked


def scores_after_learning(labels: Answers) -> Floats:
    """Learn the first pictures with these labels by gradient descent and judge the others."""
    grounds, _ = pictures()
    weights = np.zeros(PIXELS)
    for _ in range(400):
        said = 1 / (1 + np.exp(-grounds[:LEARNED] @ weights - weights.sum() / 16))
        weights -= 0.5 * grounds[:LEARNED].T @ (said - labels) / LEARNED
    scores: Floats = 1 / (1 + np.exp(-grounds[LEARNED:] @ weights - weights.sum() / 16))
    return scores


def shown(scores: Floats) -> Shown:
    return Shown(Thresholds(0.3, 0.7), scores, np.array([0.9, 0.1]), 0.1, 1.0, 100.0)


def refused(active: Floats, candidate: Floats) -> list[str]:
    measured, drawn = pictures()[1][LEARNED:], np.array([True, False])
    trial = Trial(measured, [""] * MEASURED, drawn, shown(active), shown(candidate))
    return [finding.rule for finding in judge(trial) if not finding.passed]


def test_with_a_fifth_of_the_labels_turned_the_figures_drop_and_the_gate_refuses() -> None:
    _, cracked = pictures()
    turned = cracked[:LEARNED] ^ (np.random.default_rng(2).random(LEARNED) < 0.2)
    right, wrong = (scores_after_learning(labels) for labels in (cracked[:LEARNED], turned))
    assert auc(wrong, cracked[LEARNED:]) < auc(right, cracked[LEARNED:]) - 0.02
    assert "recall" in refused(right, wrong)
    assert refused(right, right) == []


@pytest.mark.keras
def test_the_small_network_that_learned_a_fifth_of_wrong_labels_is_refused_too() -> None:
    """From nothing, on few pictures; its scores are taken as learned, nothing calibrates them."""
    learned, measured = small_training.cracked(48), small_training.cracked(MEASURED)
    turned = learned ^ (np.arange(48) % 5 == 0)
    right, wrong = (small_training.scores_after_learning(labels) for labels in (learned, turned))
    assert auc(wrong, measured) < auc(right, measured) - 0.02
    assert "false alarms" in refused(right, wrong)
    assert refused(right, right) == []
