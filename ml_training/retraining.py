"""Training on from an active model with photos that people have reviewed (see `lessons`)."""

from __future__ import annotations

import datetime
import hashlib
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import keras
from PIL import Image

from ml_training import artifacts, recalibrating
from ml_training.architecture import freeze
from ml_training.augmentation import AS_IT_IS, Augmentation
from ml_training.caching import CachedPhotos, in_file, in_memory
from ml_training.comparing import golden_answers
from ml_training.contracts import (
    DatasetError,
    LabelledPhoto,
    ModelFacts,
    ModelFileError,
    PhotoError,
    Progress,
    RetrainRequest,
    TooFewPhotos,
)
from ml_training.dataset import group_draw
from ml_training.duplicates import same_pictures
from ml_training.exporting import save_network, variables_sha256
from ml_training.inference import Classifier, load_classifier
from ml_training.lessons import Job, replay, review_windows, unseen
from ml_training.machine import machine, threads, versions
from ml_training.opening import open_network
from ml_training.photos import open_upright
from ml_training.runs import Phase, Run
from ml_training.sampling import Batch, CropSampler, Sampling
from ml_training.serving import Serving
from ml_training.training import Trainer

FEWEST_PHOTOS = 4
MOST_PHOTOS = 800
"""Of more, a sample is learned from: reading all would take long, and say little more."""
CALIBRATING_SHARE = 0.2
_CALIBRATING_SALT = 3
_FOLLOWED_PHOTOS, _FOLLOWED_CROPS, _FOLLOWED_SIDE = 24, 24, 192

_FROZEN_UNTIL = "block4_add"
_LEARNING_RATE = 1.5e-4
_HELD = 0.5
"""Without base data to replay, the candidate's weights keep this share of the active ones."""
_DRAWN = f"drawn photos, and {_HELD:.0%} of the base's weights kept"


def retrain(
    request: RetrainRequest,
    *,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> ModelFacts:
    """Train on from `request.base` and write the candidate as the model folder `request.out`.

    Photos of held-out groups are for `compare`: nothing is learned from them or fitted to them. Of
    the others, some are kept to calibrate by where there are enough. Stages before the first
    epoch are told as its step 0. The same request on the same kind of machine gives the same
    weights, also when it goes on from a checkpoint after it was killed.

    Raises TooFewPhotos, DatasetError where a picture would both teach and measure, ModelFileError,
    TrainingCancelled (nothing is written then).
    """
    if request.out.exists():
        raise ModelFileError(f"The model folder {request.out.name} exists already.")
    job = Job(request, on_progress, should_stop)
    job.tell("Opening the active model")
    base = load_classifier(request.base)
    sides = _sides(request)
    _refuse_doubles(sides, job)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    # Not in memory, and without a name: it is gone with this process, however that ends.
    with tempfile.TemporaryFile(dir=request.out.parent) as file:
        windows = chain(review_windows(base, sides.learned, job), replay(base, job))
        photos = in_file(windows, file)
        network = _train(photos, _held_out(base, sides, job), job)
    with tempfile.TemporaryDirectory(prefix="hairline-") as name:
        return _write(network, base, sides, job, Path(name))


@dataclass(frozen=True)
class _Sides:
    learned: list[LabelledPhoto]
    calibrating: list[LabelledPhoto]
    held_out: list[LabelledPhoto]


def _sides(request: RetrainRequest) -> _Sides:
    held_out = [p for p in request.photos if p.group in request.held_out_groups]
    learned, calibrating = _kept_to_calibrate(
        [p for p in request.photos if p.group not in request.held_out_groups]
    )
    cracked = sum(photo.cracked for photo in learned)
    if len(learned) < FEWEST_PHOTOS or cracked in (0, len(learned)):
        raise TooFewPhotos(
            f"Retraining needs at least {FEWEST_PHOTOS} reviewed photos, some confirmed and some "
            f"dismissed, outside the structures that are only measured; there are {cracked} "
            f"confirmed and {len(learned) - cracked} dismissed. Review photos of more structures."
        )
    if len(learned) > MOST_PHOTOS:
        learned = random.Random(request.seed).sample(learned, MOST_PHOTOS)
    return _Sides(learned, calibrating, held_out)


def _kept_to_calibrate(
    photos: list[LabelledPhoto],
) -> tuple[list[LabelledPhoto], list[LabelledPhoto]]:
    """Set photos apart that are neither learned from nor compared on; none where too few would be
    left to learn from.

    A photo's own draw decides, whatever else was reviewed, so that it is the same in each run: what
    calibrates one version has not taught the one before either, unless that had so few photos that
    all of them taught.
    """
    learned, kept = [p for p in photos if not _is_kept(p)], [p for p in photos if _is_kept(p)]
    is_enough = len(learned) >= FEWEST_PHOTOS and min(_count_kinds(learned)) > 0
    return (learned, kept) if is_enough else (photos, [])


def _is_kept(photo: LabelledPhoto) -> bool:
    return group_draw(photo.key or str(photo.path), _CALIBRATING_SALT) < CALIBRATING_SHARE


def _count_kinds(photos: list[LabelledPhoto]) -> tuple[int, int]:
    cracked = sum(photo.cracked for photo in photos)
    return cracked, len(photos) - cracked


def _refuse_doubles(sides: _Sides, job: Job) -> None:
    """Refuse a photo that cannot be read, too: here each one is opened for the first time."""
    learned, measured = [*sides.learned, *sides.calibrating], sides.held_out
    unread = iter([*learned, *measured])

    def tell(done: int, total: int) -> None:
        next(unread)
        job.tell(f"Looking for photos that are there twice, {done} of {total}")

    try:
        pairs = same_pictures([p.path for p in learned], [p.path for p in measured], on_photo=tell)
    except PhotoError as error:
        raise DatasetError(
            f"{_named(next(unread))} cannot be learned from. {error} Nothing was trained. Answer "
            "“can’t tell” on it and start again."
        ) from error
    if pairs:
        one, other = learned[pairs[0][0]], measured[pairs[0][1]]
        raise DatasetError(
            f"{_named(one)} would be learned from and {_named(other)} would measure it, but they "
            f"are one picture, and so are {len(pairs) - 1} more pairs: the figures would flatter. "
            "Nothing was trained. Answer “can’t tell” on one of each two and start again."
        )


def _named(photo: LabelledPhoto) -> str:
    return photo.name or photo.path.name


# === Learning ===


def _held_out(base: Classifier, sides: _Sides, job: Job) -> Batch | None:
    """Cut one fixed batch from the photos kept to calibrate, to follow what training does to photos
    that it does not see; None where one kind is missing.
    """
    if min(_count_kinds(sides.calibrating)) == 0:
        return None
    photos = in_memory(review_windows(base, sides.calibrating[:_FOLLOWED_PHOTOS], job))
    if len({example.cracked for example in photos.examples}) < 2:
        return None
    run = _run(job.request, steps=1)
    sampler = CropSampler(photos, sampling=run.sampling, augmentation=AS_IT_IS, seed=0)
    return sampler.batch(step=0, side=_FOLLOWED_SIDE, count=_FOLLOWED_CROPS)


def _train(photos: CachedPhotos, held_out: Batch | None, job: Job) -> keras.Model:
    request = job.request
    reviewed = len({e.path for e in photos.examples if e.source == "reviewed"})
    run = _run(request, steps=max(12, min(150, reviewed // 2)))
    sampler = CropSampler(
        photos, sampling=run.sampling, augmentation=run.augmentation, seed=run.seed
    )
    keras.utils.set_random_seed(request.seed)  # first: a dropout draws its own seed when opened
    network = open_network(request.base)
    if any(layer.name == _FROZEN_UNTIL for layer in network.layers):
        freeze(network, until=_FROZEN_UNTIL)
    trainer = Trainer(network, run, checkpoint=request.checkpoint, held_out=held_out)
    trainer.train(sampler, on_progress=job.report, should_stop=job.should_stop)
    return network


def _run(request: RetrainRequest, *, steps: int) -> Run:
    """Lay out the epochs: small crops, a falling learning rate, reviewed photos weighing more."""
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
        blend=(0, _HELD) if request.replay is None else None,
    )


# === The candidate ===


def _write(
    network: keras.Model, base: Classifier, sides: _Sides, job: Job, folder: Path
) -> ModelFacts:
    job.tell("Saving the candidate")
    files = save_network(network, folder)
    card = _card(base, sides, job) | {"variables_sha256": variables_sha256(network)}
    artifacts.write_folder(folder / "draft", files=files, serving=base.serving, card=card)
    candidate = load_classifier(folder / "draft")
    serving = _calibrated(candidate, base, sides, job)
    card["recalibrated"] = _recalibration(base.serving, serving)
    card["golden"] = golden_answers(candidate.served_as(serving))
    job.tell("Writing the candidate")
    return artifacts.write_folder(job.request.out, files=files, serving=serving, card=card)


def _calibrated(candidate: Classifier, base: Classifier, sides: _Sides, job: Job) -> Serving:
    """Refit calibration and thresholds on photos that the candidate has not learned from."""

    def pictures() -> Iterator[tuple[Image.Image, bool, bool]]:
        for number, photo in enumerate(sides.calibrating, 1):
            job.tell(f"Calibrating the candidate, {number} of {len(sides.calibrating)}")
            image = open_upright(photo.path, max_side=max(base.serving.sides))
            yield image, photo.cracked, True
        yield from ((image, cracked, False) for image, cracked in unseen(base, job))

    standing = job.request.thresholds or base.serving.thresholds
    seen = recalibrating.look(candidate, base, pictures())
    return recalibrating.recalibrate(candidate.serving, standing, seen)


def _recalibration(before: Serving, after: Serving) -> dict[str, list[float]]:
    """Give scale, offset and thresholds before and after, for the card."""
    pairs = {
        "scale": (before.photo.scale, after.photo.scale),
        "offset": (before.photo.offset, after.photo.offset),
        "clear_below": (before.thresholds.clear_below, after.thresholds.clear_below),
        "flagged_from": (before.thresholds.flagged_from, after.thresholds.flagged_from),
    }
    return {name: [round(value, 4) for value in pair] for name, pair in pairs.items()}


def _card(base: Classifier, sides: _Sides, job: Job) -> dict[str, object]:
    request = job.request
    kept = ("split", "attribution", "limits")
    return {name: base.facts.card[name] for name in kept if name in base.facts.card} | {
        "name": request.name,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "base": {
            "name": base.facts.name,
            "weights_sha256": base.facts.weights_sha256,
            "files_sha256": base.facts.files_sha256,
        },
        "seed": request.seed,
        "epochs": request.epochs,
        "versions": versions(),
        "threads": threads(),
        "machine": machine(),
        "photos_sha256": _listing_sha256(sides.learned),
        "replay": _DRAWN if request.replay is None else "a sample of the replay folder",
        "reviewed": {
            "learned_from": len(sides.learned),
            "learned_cracked": sum(p.cracked for p in sides.learned),
            "calibrated_on": len(sides.calibrating),
            "held_out": len(sides.held_out),
            "held_out_cracked": sum(p.cracked for p in sides.held_out),
            "held_out_groups": len({p.group for p in sides.held_out}),
        },
    }


def _listing_sha256(photos: list[LabelledPhoto]) -> str:
    """Give a hash over what was learned from: photos, answers and structures, in order."""
    lines = [f"{photo.key or photo.path.name}|{photo.cracked}|{photo.group}\n" for photo in photos]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
