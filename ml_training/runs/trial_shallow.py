"""Trial: the backbone ends after its first two blocks at stride 16, of 80 channels."""

from dataclasses import replace

from ml_training.architecture import Architecture
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-shallow", architecture=Architecture(cut_after="block6_add"))
