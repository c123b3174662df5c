"""Trial: most cracks that are put on clear crops come from photos with a mask."""

from dataclasses import replace

from ml_training.runs.trial_base import RUN as BASE

RUN = replace(
    BASE, name="trial-laid-cracks", augmentation=replace(BASE.augmentation, laid_crack=0.7)
)
