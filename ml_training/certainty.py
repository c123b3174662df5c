"""How sure a difference between two models is, of whose answers to the same photos it is taken."""

from __future__ import annotations

import math

import numpy as np

from ml_training.evaluation import Answers, Values

NINETY = (0.05, 0.95)
_DRAWS = 2000


def lowest_difference(candidate: Answers, active: Answers) -> float:
    """Give the lower end, one-sided at 95 %, of the difference of two shares."""
    return float(np.quantile(_drawn_differences(candidate, active), 0.05))


def _drawn_differences(candidate: Answers, active: Answers) -> Values:
    """Bootstrap over photos, both models' answers to a photo drawn together."""
    difference = candidate.astype(np.float64) - active
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(difference), (_DRAWS, len(difference)))
    means: Values = difference[drawn].mean(axis=1)
    return means


def told_difference(candidate: Answers, active: Answers) -> str:
    """Say how two shares differ, with the interval whose lower end the gate judges by.

    Drawing again from photos of which none is answered differently gives an interval without width;
    what so few can rule out is told in its place: with *n* of *n* alike a share of
    1 − 0.05^(1/n) or less may differ (exact binomial bound, one-sided at 95 %).
    """
    if (candidate == active).all():
        most = math.ceil(100 * (1 - 0.05 ** (1 / len(active))))
        return f"the same ones; with 95 % certainty at most {most} of 100 others would differ"
    low, high = np.quantile(_drawn_differences(candidate, active), NINETY)
    points = (candidate.mean() - active.mean(), low, high)
    mean, lowest, highest = (signed(100 * value, 0) for value in points)
    return f"{mean} points, with 90 % certainty {lowest} to {highest}"


def signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
