"""Runs: one file a training, holding only its differences from the commented defaults below."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from ml_training.architecture import Architecture
from ml_training.augmentation import Augmentation
from ml_training.contracts import TrainingError
from ml_training.sampling import Sampling


@dataclass(frozen=True)
class Phase:
    """A stretch of a training with one learning-rate curve (warm-up, then a cosine to near
    zero).
    """

    steps: int
    sides: tuple[int, ...] = (96, 128, 160, 192)
    """Crop sides in pixels, multiples of 32; each step draws one."""
    learning_rate: float = 3e-4
    mine_hard: bool = False
    """Look through all clear training photos first and prefer those that look most like cracks."""
    without: tuple[str, ...] = ()
    """Sources that wait for a later phase."""


@dataclass(frozen=True)
class Run:
    """Everything that decides a training, apart from the photos."""

    name: str
    architecture: Architecture = field(default_factory=Architecture)
    augmentation: Augmentation = field(default_factory=Augmentation)
    sampling: Sampling = field(default_factory=Sampling)
    phases: tuple[Phase, ...] = (Phase(steps=4000),)
    seed: int = 20261
    batch_pixels: int = 32 * 128 * 128
    """Pixels in a batch; the number of crops follows from their side."""
    weight_decay: float = 1e-4
    averaging: float = 0.998
    """Weights are averaged over about 1 / (1 - averaging) steps; the average is what is kept."""
    blend: tuple[int, float] | None = None
    """(number of a phase from 1, or 0 for the start; share): the final weights are mixed with those
    at the end of that phase, of which they take this share. What a later phase teaches of new
    ground need not cost old (Wortsman et al. 2022, Robust fine-tuning of zero-shot models)."""
    sharpness: float = 2.0
    """Sharpness of the log-mean-exp that makes a crop's logit from its cells."""
    cell_loss: float = 1.0
    """Weight of the cells' loss beside the crops' loss."""
    cracked_cell_weight: float = 3.0
    """How much a cracked cell counts against a clear one: they are rare."""
    label_smoothing: float = 0.02
    held_out_share: float = 0.12
    """Share of the groups of the train role that is only measured."""
    held_out_sources: tuple[str, ...] = ()
    """Sources of the train role that are only measured, as a whole."""
    sources: tuple[str, ...] = ()
    """Sources to learn from; empty: all of the train role."""
    drawn_photos: int = 0
    """Drawn photos to add, half of them cracked."""
    drawn_seed: int = 7
    sides: tuple[int, ...] = (576, 1152)
    """Working long sides at which a whole photo is judged."""
    largest_zoom: float = 1.5
    """How far a small photo is enlarged at most to reach them."""
    strongest_cells: tuple[int, ...] = (8, 8)
    """A photo's logit is the mean of this many cells at each of the working sides."""
    patch_bonus: float = 0.0
    """What a photo's logit gains for each halving of a small map (see `serving.Serving.bonus`)."""
    calibration_shares: Mapping[str, float] = field(default_factory=dict)
    """How much each measured source counts in calibration and thresholds; empty: all alike."""
    attribution: tuple[str, ...] = ()
    """Whose work went into the weights, a sentence each; for the card."""
    limits: tuple[str, ...] = ()
    """What the model is not made for, a sentence each; for the card."""


def settings(run: Run) -> dict[str, object]:
    """Give all that decides a training and its model: not the sentences for the card."""
    return {k: v for k, v in asdict(run).items() if k not in ("attribution", "limits")}


def settings_sha256(run: Run) -> str:
    """Give a hash that tells runs apart."""
    return hashlib.sha256(json.dumps(settings(run), sort_keys=True).encode()).hexdigest()


def load_run(name: str) -> Run:
    """Give the run of a file in this folder. Raises TrainingError naming the ones there are."""
    known = sorted(module.name for module in iter_modules(__path__))
    if name not in known:
        raise TrainingError(f"--run must be one of {known}. Received: {name!r}.")
    run = import_module(f"{__name__}.{name}").RUN
    if not isinstance(run, Run):
        raise TrainingError(f"runs/{name}.py must define RUN as a Run.")
    return run
