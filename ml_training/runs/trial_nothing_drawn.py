"""Trial: no joints, wires, shadows, stains, bricks or cracks are drawn over crops."""

from dataclasses import replace

from ml_training.augmentation import Augmentation
from ml_training.runs.trial_base import RUN as BASE

RUN = replace(
    BASE,
    name="trial-nothing-drawn",
    augmentation=Augmentation(joints=0, wire=0, shadow=0, stain=0, masonry=0, drawn_crack=0),
)
