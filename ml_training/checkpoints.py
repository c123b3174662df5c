"""Where a training stopped: one file, written in one step, from which only the same training goes
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_training.contracts import TrainingError


@dataclass(frozen=True)
class Checkpoint:
    """What a training needs to go on as if it had never stopped.

    `step` is the next one; `history` is (step, loss, held-out loss) a row; `hard` are the numbers
    of the photos that were mined last; `variables` are all weights, those of the optimizer too.
    """

    step: int
    seconds: float
    history: npt.NDArray[np.float64]
    hard: npt.NDArray[np.int64]
    variables: Sequence[npt.NDArray[Any]]


def write_checkpoint(path: Path, checkpoint: Checkpoint, fingerprint: str) -> None:
    """Write it in place of the one before; `fingerprint` tells which training it belongs to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npz")
    np.savez(
        temporary,
        allow_pickle=False,
        fingerprint=fingerprint,
        step=checkpoint.step,
        seconds=checkpoint.seconds,
        history=checkpoint.history,
        hard=checkpoint.hard,
        **{f"v{i:04d}": variable for i, variable in enumerate(checkpoint.variables)},
    )
    temporary.replace(path)


def read_checkpoint(path: Path, fingerprint: str) -> Checkpoint:
    """Raise TrainingError where it is that of other settings or other photos."""
    with np.load(path) as saved:
        if "fingerprint" not in saved.files or str(saved["fingerprint"]) != fingerprint:
            raise TrainingError(f"{path} belongs to another run; remove it to start anew.")
        return Checkpoint(
            step=int(saved["step"]),
            seconds=float(saved["seconds"]),
            history=saved["history"],
            hard=saved["hard"],
            variables=[saved[name] for name in sorted(saved.files) if name.startswith("v")],
        )
