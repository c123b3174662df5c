"""How a network's maps become a photo's answer: the settings that travel with a model."""

from __future__ import annotations

from dataclasses import dataclass

from ml_training.contracts import Thresholds


@dataclass(frozen=True)
class Calibration:
    """Probability = sigmoid(scale · logit + offset)."""

    scale: float
    offset: float


@dataclass(frozen=True)
class Serving:
    """How a network's maps become a photo's answer.

    `sides`: working long sides in pixels, the photo is judged once at each; `largest_zoom` limits
    enlarging. A map's logit is the mean of its `strongest_cells`. Cells at or above `region_from`
    (calibrated probability) make regions.
    """

    sides: tuple[int, ...]
    largest_zoom: float
    strongest_cells: int
    photo: Calibration
    cell: Calibration
    region_from: float
    thresholds: Thresholds
