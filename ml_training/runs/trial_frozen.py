"""Trial: the backbone keeps its ImageNet weights up to stride 8."""

from dataclasses import replace

from ml_training.architecture import Architecture
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-frozen", architecture=Architecture(frozen_until="block4_add"))
