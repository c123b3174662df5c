"""All steps of a run in order: crop side, crops in the batch, learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml_training.runs import Phase, Run

_WARM_UP_STEPS = 100


@dataclass(frozen=True)
class Step:
    """One step: `number` counts over the run, `position` within its phase, both from 0."""

    number: int
    phase: int
    position: int
    side: int
    count: int
    learning_rate: float


def plan_steps(run: Run) -> list[Step]:
    """Lay out all steps with their crop side and learning rate; the same for every start of a
    run.
    """
    rng = np.random.default_rng(run.seed)
    plan: list[Step] = []
    for index, phase in enumerate(run.phases):
        for position in range(phase.steps):
            side = int(rng.choice(phase.sides))
            count = max(2, run.batch_pixels // side**2)
            plan.append(Step(len(plan), index, position, side, count, _rate(phase, position)))
    return plan


def _rate(phase: Phase, position: int) -> float:
    warm = min(1.0, (position + 1) / min(_WARM_UP_STEPS, 1 + phase.steps // 5))
    cosine = 0.5 * (1 + math.cos(math.pi * position / phase.steps))
    return phase.learning_rate * warm * (0.02 + 0.98 * cosine)
