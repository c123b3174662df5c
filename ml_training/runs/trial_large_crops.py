"""Trial: fewer, larger crops in a batch of the same number of pixels."""

from dataclasses import replace

from ml_training.runs import Phase
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(
    BASE,
    name="trial-large-crops",
    phases=(Phase(500, sides=(192, 256, 320), learning_rate=4e-4),),
)
