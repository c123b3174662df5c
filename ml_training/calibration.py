"""From logits to probabilities and thresholds, on whole photos.

Platt scaling (one scale, one offset, by maximum likelihood) because it keeps the order of photos
and cannot invent steps from a few hundred of them. Weights let every source and kind count alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml_training.contracts import Thresholds
from ml_training.serving import Calibration

Values = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]

_ROUNDS = 60
_RIDGE = 1e-3
_PLAIN = np.array([1.0, 0.0])
_SMALLEST_SHARE = 1e-6


def fit_platt(logits: Values, cracked: Answers, weights: Values) -> Calibration:
    """Fit probability = sigmoid(scale · logit + offset) by Newton's method.

    `weights` are relative. The targets are Platt's smoothed ones (1999), so that separable photos
    do not drive the scale to infinity.
    """
    positives, negatives = float(weights[cracked].sum()), float(weights[~cracked].sum())
    weights = weights / weights.sum() * len(weights)
    count = {True: int(cracked.sum()), False: int((~cracked).sum())}
    targets = np.where(cracked, (count[True] + 1) / (count[True] + 2), 1 / (count[False] + 2))
    start = np.log(max(positives, 1e-9) / max(negatives, 1e-9))
    parameters = np.array([1.0, np.clip(start, -5, 5)])
    features = np.stack([logits, np.ones_like(logits)], axis=1)
    for _ in range(_ROUNDS):
        guess = sigmoid(features @ parameters)
        slope = features.T @ (weights * (guess - targets)) + _RIDGE * (parameters - _PLAIN)
        curve = (
            features * (weights * guess * (1 - guess))[:, None]
        ).T @ features + _RIDGE * np.eye(2)
        step = np.linalg.solve(curve, slope)
        parameters = _downhill(parameters, step, features, targets, weights)
    return Calibration(scale=float(max(parameters[0], 1e-3)), offset=float(parameters[1]))


def _downhill(
    parameters: Values, step: Values, features: Values, targets: Values, weights: Values
) -> Values:
    """Take as much of a step as makes the fit better; Newton's own overshoots where the kinds are
    nearly apart.
    """

    def misfit(at: Values) -> float:
        z = features @ at
        losses = np.logaddexp(0, z) - targets * z
        return float((weights * losses).sum() + _RIDGE / 2 * ((at - _PLAIN) ** 2).sum())

    now, share = misfit(parameters), 1.0
    while share > _SMALLEST_SHARE and misfit(parameters - share * step) > now:
        share /= 2
    return parameters - share * step if share > _SMALLEST_SHARE else parameters


def balanced_weights(
    kinds: list[tuple[str, bool]], shares: dict[str, float] | None = None
) -> Values:
    """Weigh photos so that cracked and clear count alike, and sources within them by `shares` (1
    each).
    """
    shares = shares or {}
    weights = np.array(
        [shares.get(source, 1.0) / kinds.count((source, cracked)) for source, cracked in kinds]
    )
    cracked = np.array([kind for _, kind in kinds])
    for kind in (True, False):
        if (cracked == kind).any():
            weights[cracked == kind] /= weights[cracked == kind].sum()
    return weights


def choose_thresholds(
    scores: Values,
    cracked: Answers,
    weights: Values,
    *,
    missed: float = 0.02,
    false_flags: float = 0.02,
) -> Thresholds:
    """Choose the undecided band from calibrated photo scores.

    Below `clear_below` lie at most `missed` of the cracked photos, at or above `flagged_from` at
    most `false_flags` of the clear ones (weighted shares). Where one score does both, the band is
    empty.
    """
    clear_below = weighted_quantile(scores[cracked], weights[cracked], missed)
    flagged_from = weighted_quantile(scores[~cracked], weights[~cracked], 1 - false_flags) + 1e-6
    if flagged_from < clear_below:
        middle = (clear_below + flagged_from) / 2
        clear_below = flagged_from = middle
    return Thresholds(clear_below=float(clear_below), flagged_from=float(min(flagged_from, 1.0)))


def weighted_quantile(values: Values, weights: Values, share: float) -> float:
    """Give the value below which `share` of the weight lies."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, share)), len(values) - 1)])


def apply(calibration: Calibration, logits: npt.NDArray[np.floating]) -> Values:
    """Turn logits into probabilities."""
    return sigmoid(calibration.scale * np.asarray(logits, np.float64) + calibration.offset)


def sigmoid(values: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))
