"""How sure a difference between two models is, of whose answers to the same photos it is taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ml_training.evaluation import Answers, Values

NINETY = (0.05, 0.95)
_DRAWS = 2000
FEWEST_STRUCTURES = 5
"""Of fewer, too few different draws can be made to read a tail of 5 %. From 5 to 30 the interval is
still too narrow, though less so than by photo: Cameron, Gelbach and Miller (2008), Bootstrap-based
improvements for inference with clustered errors.
"""

Groups = Sequence[str]


def is_enough(groups: Groups) -> bool:
    """Tell whether there are so many structures that they are drawn, and not their photos."""
    return len(set(groups)) >= FEWEST_STRUCTURES


def resampled(count: int, groups: Groups, draws: int) -> Iterator[npt.NDArray[np.int64]]:
    """Draw photos (by number) with replacement, many times: whole structures with all their photos
    where there are enough, else photo by photo. `groups`: the structure of each, or nothing.
    """
    rng = np.random.default_rng(0)
    if not is_enough(groups):
        yield from rng.integers(0, count, (draws, count))
        return
    structures = np.array(groups)
    photos = [np.flatnonzero(structures == one) for one in sorted(set(groups))]
    for drawn in rng.integers(0, len(photos), (draws, len(photos))):
        yield np.concatenate([photos[number] for number in drawn])


def lowest_difference(candidate: Answers, active: Answers, groups: Groups = ()) -> float:
    """Give the lower end, one-sided at 95 %, of the difference of two shares."""
    return float(np.quantile(_drawn_differences(candidate, active, groups), 0.05))


def _drawn_differences(candidate: Answers, active: Answers, groups: Groups) -> Values:
    """Bootstrap in which both models' answers to a photo are drawn together."""
    difference = candidate.astype(np.float64) - active
    drawn = resampled(len(difference), groups, _DRAWS)
    return np.array([difference[photos].mean() for photos in drawn])


def told_difference(candidate: Answers, active: Answers, groups: Groups = ()) -> str:
    """Say how two shares differ, with the interval whose lower end the gate judges by.

    Drawing again from photos of which none is answered differently gives an interval without width;
    what so few can rule out is told in its place: with *n* of *n* alike a share of
    1 − 0.05^(1/n) or less may differ (exact binomial bound, one-sided at 95 %).
    """
    if (candidate == active).all():
        most = math.ceil(100 * (1 - 0.05 ** (1 / len(active))))
        return f"the same ones; with 95 % certainty at most {most} of 100 others would differ"
    low, high = np.quantile(_drawn_differences(candidate, active, groups), NINETY)
    points = (candidate.mean() - active.mean(), low, high)
    mean, lowest, highest = (signed(100 * value, 0) for value in points)
    drawn = ", drawn by structure" if is_enough(groups) else ""
    return f"{mean} points, with 90 % certainty {lowest} to {highest}{drawn}"


def signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
