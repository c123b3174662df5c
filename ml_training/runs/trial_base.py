"""A short training that the other trials differ from by one thing each.

What the trials found stands in docs/explanation/model-experiments.md. No trial learns facades:
`saltspot` tells how many clear photos of an unseen kind are flagged.
"""

from ml_training.runs import Phase, Run
from ml_training.runs.released import RUN as RELEASED
from ml_training.sampling import Sampling

RUN = Run(
    name="trial-base",
    sampling=Sampling(source_boost=RELEASED.sampling.source_boost),
    phases=(Phase(500, sides=(96, 128, 160, 192), learning_rate=4e-4),),
    averaging=0.995,
    held_out_sources=("saltspot",),
    calibration_shares=RELEASED.calibration_shares,
)
