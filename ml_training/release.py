"""From a run file and labelled photos to a model folder: train, look at whole photos, calibrate,
measure.
"""

from __future__ import annotations

import datetime
import hashlib
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import keras

from ml_training import artifacts, measuring
from ml_training.architecture import build
from ml_training.backbone import PRETRAINED
from ml_training.caching import cache_photos
from ml_training.contracts import DatasetError, ModelFacts, Thresholds
from ml_training.dataset import Example, Split, balance, read_examples, split_by_group
from ml_training.exporting import save_network
from ml_training.inference import load_classifier
from ml_training.runs import Run
from ml_training.sampling import CropSampler
from ml_training.serving import Calibration, Serving
from ml_training.synthetic import draw_folder
from ml_training.training import OnProgress, Trainer

Say = Callable[[str], None]
OnCount = Callable[[int, int], None]


@dataclass(frozen=True)
class Workplace:
    """Where a training keeps what it can resume from, and whom it tells how far it is."""

    folder: Path
    say: Say
    on_count: OnCount
    on_progress: OnProgress


def release(run: Run, *, data: Path, out: Path, place: Workplace) -> ModelFacts:
    """Train by a run on the train role of `data` and write the model folder `out`.

    What is only measured (role dev, held-out groups) calibrates the model and gives the card's
    figures.
    """
    examples, split = _photos(run, data, place)
    network, seconds = _train(run, split, place)
    measured = [e for e in examples if e.role == "dev"] + list(split.held_out)
    if not measured:
        raise DatasetError(
            "Nothing is left to measure: give some photos the role dev or hold groups out."
        )
    with tempfile.TemporaryDirectory(prefix="hairline-") as name:
        files = save_network(network, Path(name))
        serving = first_serving(run)
        draft = Path(name) / "draft"
        card = _card(run, split, measured, seconds=seconds)
        artifacts.write_folder(draft, files=files, serving=serving, card=card)
        place.say(f"Measuring {len(measured)} photos.")
        seen = measuring.look_at(load_classifier(draft), measured, on_photo=place.on_count)
        serving = measuring.calibrate(serving, seen, run.calibration_shares)
        card["figures"] = measuring.figures(serving, seen)
        return artifacts.write_folder(out, files=files, serving=serving, card=card)


def _photos(run: Run, data: Path, place: Workplace) -> tuple[list[Example], Split]:
    examples = list(read_examples(data))
    if run.drawn_photos:
        place.say(f"Drawing {run.drawn_photos} photos.")
        index = place.folder / f"drawn-{run.drawn_seed}-{run.drawn_photos}" / "index.csv"
        if not index.is_file():
            draw_folder(index.parent, run.drawn_photos, run.drawn_seed, place.on_count)
        examples += read_examples(index)
    split = split_by_group(
        [e for e in examples if e.role != "dev"],
        held_out_share=run.held_out_share,
        seed=run.seed,
        held_out_sources=run.held_out_sources,
    )
    if run.sources:
        split = Split(tuple(e for e in split.train if e.source in run.sources), split.held_out)
    place.say(f"Learning from {len(split.train)} photos: {balance(split.train)}.")
    return examples, split


def _train(run: Run, split: Split, place: Workplace) -> tuple[keras.Model, float]:
    place.say("Decoding photos into the cache.")
    photos = cache_photos(split.train, place.folder / "cache", on_progress=place.on_count)
    sampler = CropSampler(
        photos, sampling=run.sampling, augmentation=run.augmentation, seed=run.seed
    )
    keras.utils.set_random_seed(run.seed)
    backbone = None if run.architecture.kind == "small" else keras.models.load_model(PRETRAINED)
    network = build(run.architecture, backbone=backbone)
    trainer = Trainer(network, run, checkpoint=place.folder / f"{run.name}.npz")
    trainer.train(sampler, on_progress=place.on_progress, should_stop=lambda: False)
    return network, trainer.seconds


def first_serving(run: Run) -> Serving:
    """Give the settings of a run before anything is calibrated."""
    plain = Calibration(scale=1.0, offset=0.0)
    return Serving(
        sides=run.sides,
        largest_zoom=run.largest_zoom,
        strongest_cells=run.strongest_cells,
        photo=plain,
        cell=plain,
        region_from=0.5,
        thresholds=Thresholds(clear_below=0.3, flagged_from=0.7),
    )


def _card(
    run: Run, split: Split, measured: Sequence[Example], *, seconds: float
) -> dict[str, object]:
    return {
        "name": run.name,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "attribution": list(run.attribution),
        "limits": list(run.limits),
        "run": {k: v for k, v in asdict(run).items() if k not in ("attribution", "limits")},
        "seconds_of_training": round(seconds),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("keras", "numpy", "pillow")},
        "trained_on": balance(split.train),
        "measured_on": balance(measured),
        "photos_sha256": listing_sha256(split.train),
        "split": {
            "seed": run.seed,
            "held_out_share": run.held_out_share,
            "trained_sources": sorted({e.source for e in split.train}),
        },
    }


def listing_sha256(examples: Sequence[Example]) -> str:
    """Give a hash over names, labels and groups of the photos, in order: which photos these
    were.
    """
    digest = hashlib.sha256()
    for example in examples:
        digest.update(
            f"{example.source}/{example.path.name}|{example.label}|{example.group}\n".encode()
        )
    return digest.hexdigest()
