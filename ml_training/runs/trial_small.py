"""Trial: the small CNN of the baseline on all the sources, from random weights."""

from dataclasses import replace

from ml_training.architecture import Architecture
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-small", architecture=Architecture(kind="small", frozen_until=""))
