"""From a map of logits to one logit for the photo: log-mean-exp, a smooth maximum.

    pooled = (1 / r) · log( mean( exp( r · z ) ) )

The sharpness r goes from the mean (0) to the maximum (∞). The same formula trains the network on
crops and joins the map of a whole photo; `weights`, the calibration and the thresholds follow
from it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def log_mean_exp(logits: npt.NDArray[np.floating], sharpness: float) -> float:
    """Pool all cells of one map; `sharpness` > 0."""
    scaled = np.asarray(logits, dtype=np.float64).ravel() * sharpness
    top = float(scaled.max())
    return (top + float(np.log(np.mean(np.exp(scaled - top))))) / sharpness
