"""Trial: the head sees the features at stride 16 alone."""

from dataclasses import replace

from ml_training.architecture import Architecture
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-no-context", architecture=Architecture(context=False))
