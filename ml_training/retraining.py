"""Training on from an active model with photos that people have reviewed.

Confirmed photos are cracked, dismissed ones clear. Nobody has said where the crack is, so the base
model's own map chooses the windows: around its strongest cells, where a confirmed crack most
likely is and where a dismissed photo most needs the lesson. A replay sample keeps old sites from
being forgotten.
"""

from __future__ import annotations

import datetime
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from ml_training import artifacts, measuring
from ml_training.architecture import freeze
from ml_training.augmentation import Augmentation
from ml_training.caching import CachedPhotos, Pixels, decode, in_memory
from ml_training.contracts import (
    LabelledPhoto,
    ModelFacts,
    ModelFileError,
    Progress,
    RetrainRequest,
    TooFewPhotos,
    TrainingCancelled,
)
from ml_training.dataset import Example, read_examples
from ml_training.exporting import save_network
from ml_training.inference import (
    CELL,
    Classifier,
    Floats,
    load_classifier,
    open_network,
    working_sizes,
)
from ml_training.measuring import Seen
from ml_training.photos import open_upright
from ml_training.runs import Phase, Run
from ml_training.sampling import CropSampler, Sampling
from ml_training.serving import Serving
from ml_training.synthetic import draw_photo
from ml_training.training import OnProgress, ShouldStop, Trainer

FEWEST_PHOTOS = 4
FEWEST_HELD_OUT_TO_RECALIBRATE = 30
"""Of each kind; fewer would move the thresholds by chance."""

SECONDS_BETWEEN_NOTES = 1.0

_WINDOW = 320
_WINDOWS_A_PHOTO = 4
_REPLAY_PHOTOS = 240
_DRAWN_PHOTOS = 12
_DRAWN_SIZE = (512, 384)
_FROZEN_UNTIL = "block4_add"
_LEARNING_RATE = 1.5e-4

Labelled = tuple[Example, Pixels, Pixels | None]


class _Job:
    """One retraining's line to its caller."""

    def __init__(
        self, request: RetrainRequest, on_progress: OnProgress, should_stop: ShouldStop
    ) -> None:
        self.request = request
        self.should_stop = should_stop
        self._on_progress = on_progress
        self._last = Progress(1, request.epochs, 0, 1, 0.0, None, "")
        self._told_at = -math.inf

    def report(self, progress: Progress) -> None:
        """Pass on how far the epochs are."""
        self._last = progress
        self._on_progress(progress)

    def tell(self, note: str) -> None:
        """Report a stage beside the epochs, once a second at most; stop here when asked to."""
        if self.should_stop():
            raise TrainingCancelled(f"Stopped while {note[0].lower()}{note[1:]}.")
        if time.monotonic() - self._told_at >= SECONDS_BETWEEN_NOTES:
            self._told_at = time.monotonic()
            self._on_progress(replace(self._last, note=note))


def retrain(
    request: RetrainRequest,
    *,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> ModelFacts:
    """Train on from `request.base` and write the candidate as the model folder `request.out`.

    Photos of held-out groups are only measured: the card compares candidate and base on them. The
    base's calibration and thresholds stay unless enough held-out photos of both kinds are there.
    Stages before the first epoch are told as its step 0. Raises TooFewPhotos,
    TrainingCancelled (nothing is written then), ModelFileError, DatasetError.
    """
    if request.out.exists():
        raise ModelFileError(f"The model folder {request.out.name} exists already.")
    job = _Job(request, on_progress, should_stop)
    job.tell("Opening the active model")
    base = load_classifier(request.base)
    sides = _sides(request)
    windows = list(_review_windows(base, sides.learned, job))
    windows += list(_replay(base, job))
    network = _train(in_memory(windows), job)
    with tempfile.TemporaryDirectory(prefix="hairline-") as name:
        return _write(network, base, sides, job, Path(name))


@dataclass(frozen=True)
class _Sides:
    learned: list[LabelledPhoto]
    held_out: list[LabelledPhoto]


def _sides(request: RetrainRequest) -> _Sides:
    learned = [p for p in request.photos if p.group not in request.held_out_groups]
    held_out = [p for p in request.photos if p.group in request.held_out_groups]
    cracked = sum(photo.cracked for photo in learned)
    if len(learned) < FEWEST_PHOTOS or cracked in (0, len(learned)):
        raise TooFewPhotos(
            f"Retraining needs at least {FEWEST_PHOTOS} reviewed photos, confirmed and dismissed "
            f"ones, outside the structures that are only measured; there are {cracked} confirmed and "
            f"{len(learned) - cracked} dismissed. Review photos of more structures."
        )
    return _Sides(learned, held_out)


# === What is learned from ===


def _review_windows(
    base: Classifier, photos: Sequence[LabelledPhoto], job: _Job
) -> Iterator[Labelled]:
    for number, photo in enumerate(photos, 1):
        job.tell(f"Reading reviewed photos, {number} of {len(photos)}")
        image = open_upright(photo.path, max_side=max(base.serving.sides))
        size = working_sizes(image.size, base.serving)[-1]
        pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        cells = base.look(image).fused
        example = _reviewed(photo)
        count = 1 if photo.cracked and float(cells.max()) < 0 else _WINDOWS_A_PHOTO
        for top, left in _strongest_places(cells, count):
            yield example, _cut(pixels, top, left), None


def _reviewed(photo: LabelledPhoto) -> Example:
    kind = "crack" if photo.cracked else "clear"
    return Example(photo.path, photo.cracked, kind, photo.group, "reviewed", "train", None)


def _strongest_places(cells: Floats, count: int) -> list[tuple[int, int]]:
    """Give the centres (row, column in pixels) of the strongest cells, a third of a window
    apart.
    """
    left = cells.copy()
    reach = _WINDOW // 3 // CELL
    places: list[tuple[int, int]] = []
    while len(places) < count and np.isfinite(left).any():
        row, column = (int(i) for i in np.unravel_index(int(np.argmax(left)), left.shape))
        places.append((row * CELL + CELL // 2, column * CELL + CELL // 2))
        rows, columns = (slice(max(0, i - reach), i + reach + 1) for i in (row, column))
        left[rows, columns] = -np.inf
    return places


def _cut(pixels: Pixels, row: int, column: int) -> Pixels:
    """Cut a window around a place, moved inwards at the edges; smaller only where the photo is."""
    spans = []
    for centre, length in ((row, pixels.shape[0]), (column, pixels.shape[1])):
        start = max(0, min(centre - _WINDOW // 2, length - _WINDOW))
        spans.append(slice(start, start + _WINDOW))
    return np.ascontiguousarray(pixels[spans[0], spans[1]])


def _replay(base: Classifier, job: _Job) -> Iterator[Labelled]:
    """Give old photos: a sample of the folder, without what the base only measured, or drawn
    ones.
    """
    if job.request.replay is None:
        yield from _drawn(job)
        return
    examples = [e for e in read_examples(job.request.replay) if e.role != "dev"]
    measured = {e.path for e in measuring.measured_examples(examples, base.facts.card)}
    chosen = _sample([e for e in examples if e.path not in measured] or examples, job.request.seed)
    for number, example in enumerate(chosen, 1):
        job.tell(f"Reading old photos, {number} of {len(chosen)}")
        yield example, *decode(example, max_side=1024)


def _sample(examples: Sequence[Example], seed: int) -> list[Example]:
    """Draw as many photos of each source and label, as far as there are."""
    rng = np.random.default_rng(seed)
    piles: dict[tuple[str, str], list[Example]] = {}
    for i in rng.permutation(len(examples)):
        piles.setdefault((examples[i].source, examples[i].label), []).append(examples[i])
    share = max(1, _REPLAY_PHOTOS // max(1, len(piles)))
    return [example for pile in piles.values() for example in pile[:share]]


def _drawn(job: _Job) -> Iterator[Labelled]:
    width, height = _DRAWN_SIZE
    for number in range(_DRAWN_PHOTOS):
        job.tell(f"Drawing photos, {number + 1} of {_DRAWN_PHOTOS}")
        seed, cracked = job.request.seed * 1000 + number, number % 2 == 0
        photo = draw_photo(seed=seed, cracked=cracked, width=width, height=height)
        kind = "crack" if cracked else "clear"
        name = Path(f"drawn-{seed}")
        example = Example(name, cracked, kind, f"drawn-{number}", "drawn", "train", name)
        yield example, np.asarray(photo.image.convert("RGB")), np.asarray(photo.mask)


# === Learning ===


def _train(photos: CachedPhotos, job: _Job) -> keras.Model:
    request = job.request
    reviewed = sum(e.source == "reviewed" for e in photos.examples)
    run = _run(request, steps=max(12, min(150, reviewed // 8)))
    sampler = CropSampler(
        photos, sampling=run.sampling, augmentation=run.augmentation, seed=run.seed
    )
    network = open_network(request.base)
    if any(layer.name == _FROZEN_UNTIL for layer in network.layers):
        freeze(network, until=_FROZEN_UNTIL)
    keras.utils.set_random_seed(request.seed)
    Trainer(network, run).train(sampler, on_progress=job.report, should_stop=job.should_stop)
    return network


def _run(request: RetrainRequest, *, steps: int) -> Run:
    """Lay out the epochs: small crops, a falling learning rate, half of the crops reviewed ones."""
    rates = [_LEARNING_RATE * (1 - 0.8 * i / request.epochs) for i in range(request.epochs)]
    return Run(
        name=request.name,
        phases=tuple(Phase(steps, sides=(160, 192, 256), learning_rate=rate) for rate in rates),
        sampling=Sampling(
            scales=(0.6, 1.3), smallest_share=0.8, mosaic=0.0, source_boost={"reviewed": 3.0}
        ),
        augmentation=Augmentation(drawn_crack=0.1),
        seed=request.seed,
        batch_pixels=16 * 192 * 192,
        averaging=0.98,
    )


# === The candidate ===


def _write(
    network: keras.Model, base: Classifier, sides: _Sides, job: _Job, folder: Path
) -> ModelFacts:
    job.tell("Saving the candidate")
    files = save_network(network, folder)
    card = _card(base, sides, job)
    artifacts.write_folder(folder / "draft", files=files, serving=base.serving, card=card)
    candidate = load_classifier(folder / "draft")
    active_seen = _look(base, "active", sides, job)
    seen = _look(candidate, "candidate", sides, job)
    serving, recalibrated = _calibrated(base.serving, seen)
    card["recalibrated"] = recalibrated
    card["held_out"] = {
        "active": measuring.figures(base.serving, active_seen).get("reviewed", {}),
        "candidate": measuring.figures(serving, seen).get("reviewed", {}),
    }
    job.tell("Writing the candidate")
    return artifacts.write_folder(job.request.out, files=files, serving=serving, card=card)


def _look(model: Classifier, name: str, sides: _Sides, job: _Job) -> list[Seen]:
    """Look at the held-out photos with one model."""

    def tell(done: int, total: int) -> None:
        job.tell(f"Measuring the {name} model, {done} of {total}")

    return measuring.look_at(model, [_reviewed(p) for p in sides.held_out], on_photo=tell)


def _calibrated(serving: Serving, seen: Sequence[Seen]) -> tuple[Serving, bool]:
    """Refit the photo calibration on held-out photos when there are enough; keep the thresholds."""
    cracked = sum(s.example.cracked for s in seen)
    if min(cracked, len(seen) - cracked) < FEWEST_HELD_OUT_TO_RECALIBRATE:
        return serving, False
    fitted = measuring.calibrate(serving, seen, {})
    return replace(serving, photo=fitted.photo), True


def _card(base: Classifier, sides: _Sides, job: _Job) -> dict[str, object]:
    request = job.request
    inherited = {k: base.facts.card[k] for k in ("split", "notes") if k in base.facts.card}
    return inherited | {
        "name": request.name,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "base": {"name": base.facts.name, "weights_sha256": base.facts.weights_sha256},
        "seed": request.seed,
        "epochs": request.epochs,
        "replay": "drawn photos" if request.replay is None else "a sample of the replay folder",
        "reviewed": {
            "learned_from": len(sides.learned),
            "learned_cracked": sum(p.cracked for p in sides.learned),
            "held_out": len(sides.held_out),
            "held_out_cracked": sum(p.cracked for p in sides.held_out),
            "held_out_groups": len({p.group for p in sides.held_out}),
        },
    }
