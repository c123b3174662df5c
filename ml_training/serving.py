"""How a network's maps become a photo's answer: the settings that travel with a model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ml_training.contracts import Thresholds

FULL_MAP = 42 * 42
"""Cells of the finest map from which a photo counts as whole: 672 px a side at the network's 16."""


@dataclass(frozen=True)
class Calibration:
    """Probability = sigmoid(scale · logit + offset)."""

    scale: float
    offset: float


@dataclass(frozen=True)
class Serving:
    """How a network's maps become a photo's answer.

    `sides`: working long sides in pixels, the photo is judged once at each; `largest_zoom` limits
    enlarging. A map's logit is the mean of its strongest cells, as many as `strongest_cells` says
    for its side. `patch_bonus` is added to a photo's logit for each halving of its map below
    FULL_MAP cells. Cells at or above `region_from` (calibrated probability) make regions.
    """

    sides: tuple[int, ...]
    largest_zoom: float
    strongest_cells: tuple[int, ...]
    photo: Calibration
    cell: Calibration
    region_from: float
    thresholds: Thresholds
    patch_bonus: float = 0.0

    def bonus(self, cells: int) -> float:
        """Give what a photo's logit gains for a finest map of so few cells.

        The strongest of few cells of clear concrete look less like a crack than the strongest of
        many, so that a patch needs less to be suspected. Whole photos have more than FULL_MAP cells
        and gain nothing.
        """
        return self.patch_bonus * max(0.0, math.log2(FULL_MAP / max(cells, 1)))
