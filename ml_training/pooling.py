"""From a map of logits to one logit for the crop or photo.

Training pools a crop by log-mean-exp, a smooth maximum that lets every cell learn:

    pooled = (1 / r) · log( mean( exp( r · z ) ) )

Serving pools a photo by the mean of its few strongest cells: on photos of other sites it flags the
fewest clear ones (docs/explanation/model-experiments.md), and unlike a mean over all cells it
does not forget a short crack in a large photo.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def log_mean_exp(logits: npt.NDArray[np.floating], sharpness: float) -> float:
    """Pool all cells of one map; the sharpness r goes from the mean (0) to the maximum (∞)."""
    scaled = np.asarray(logits, dtype=np.float64).ravel() * sharpness
    top = float(scaled.max())
    return (top + float(np.log(np.mean(np.exp(scaled - top))))) / sharpness


def strongest_mean(logits: npt.NDArray[np.floating], count: int) -> float:
    """Give the mean of the `count` strongest cells, or of all where there are fewer."""
    cells = np.asarray(logits, dtype=np.float64).ravel()
    return float(np.sort(cells)[-count:].mean())
