"""From a run file and labelled photos to a model folder: train, look at whole photos, calibrate,
measure.
"""

from __future__ import annotations

import datetime
import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from ml_training import artifacts, measuring
from ml_training.architecture import build
from ml_training.augmentation import AS_IT_IS
from ml_training.backbone import PRETRAINED
from ml_training.caching import cache_photos, decode, in_memory
from ml_training.comparing import golden_answers
from ml_training.contracts import DatasetError, ModelFacts, Progress, Thresholds
from ml_training.dataset import Example, Split, balance, read_examples, split_by_group
from ml_training.duplicates import near_duplicates
from ml_training.exporting import save_network
from ml_training.inference import Classifier, load_classifier
from ml_training.machine import machine, peak_memory_mb, threads, versions
from ml_training.photos import open_upright
from ml_training.plotting import plot, sheet, with_evidence
from ml_training.runs import Run, settings
from ml_training.sampling import Batch, CropSampler
from ml_training.serving import Calibration, Serving
from ml_training.synthetic import draw_folder
from ml_training.training import OnProgress, Point, Trainer

Say = Callable[[str], None]
OnCount = Callable[[int, int], None]

_CHECKED_CROPS, _CHECKED_SIDE = 96, 160
_EXAMPLES = 24


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
    artifacts.refuse_existing(out)
    examples, split = _photos(run, data, place)
    alike = _look_for_doubles(split, place)
    network, seconds = _train(run, split, place)
    with tempfile.TemporaryDirectory(prefix="hairline-") as name:
        files = save_network(network, Path(name))
        measured = _measured(examples, split)
        card = _card(run, split, measured, seconds=seconds) | {"near_duplicates": alike}
        return _write_calibrated(run, files, card, measured, out=out, place=place)


def calibrate_anew(run: Run, *, model: Path, data: Path, out: Path, place: Workplace) -> ModelFacts:
    """Give the weights of the model folder `model` the settings of a run, calibration, thresholds
    and figures anew, as the model folder `out`.

    `data` must hold the photos that the weights learned from, so that none of them is measured.
    """
    artifacts.refuse_existing(out)
    old = artifacts.read_facts(model)
    examples, split = _photos(run, data, place)
    if old.card.get("photos_sha256") != listing_sha256(split.train):
        raise DatasetError(f"{data} and {run.name} do not give the photos {old.name} learned from.")
    files = {f.name: f for f in model.iterdir() if f.name.startswith("classifier.")}
    weights_of = old.card.get("weights_of", old.name)
    card = {**old.card, "name": run.name, "weights_of": weights_of}
    card["near_duplicates"] = _look_for_doubles(split, place)
    return _write_calibrated(run, files, card, _measured(examples, split), out=out, place=place)


def _look_for_doubles(split: Split, place: Workplace) -> dict[str, int]:
    place.say("Looking for held-out photos that resemble learned ones.")
    return near_duplicates(split, on_photo=place.on_count)


def _measured(examples: Sequence[Example], split: Split) -> list[Example]:
    measured = [e for e in examples if e.role == "dev"] + list(split.held_out)
    if not measured:
        raise DatasetError(
            "Nothing is left to measure: give some photos the role dev or hold groups out."
        )
    return measured


def _write_calibrated(
    run: Run,
    files: Mapping[str, Path],
    card: Mapping[str, object],
    measured: Sequence[Example],
    *,
    out: Path,
    place: Workplace,
) -> ModelFacts:
    """Look at the measured photos, calibrate by them and write the folder with its figures."""
    with tempfile.TemporaryDirectory(prefix="hairline-") as name:
        serving, draft = first_serving(run), Path(name) / "draft"
        artifacts.write_folder(draft, files=files, serving=serving, card=card)
        place.say(f"Measuring {len(measured)} photos.")
        model = load_classifier(draft)
        seen = measuring.look_at(model, measured, on_photo=place.on_count)
    serving = measuring.calibrate(serving, seen, run.calibration_shares)
    found = {
        "figures": measuring.figures(serving, seen),
        "golden": golden_answers(model.served_as(serving)),
    }
    facts = artifacts.write_folder(out, files=files, serving=serving, card={**card, **found})
    _draw_examples(load_classifier(out), measured, place.folder / f"{run.name}-examples.png")
    return facts


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
    place.say(f"Held out: {len(split.held_out)} photos: {balance(split.held_out)}.")
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
    trainer = Trainer(
        network,
        run,
        checkpoint=place.folder / f"{run.name}.npz",
        photos=listing_sha256(split.train),
        held_out=_held_out_crops(run, split),
    )

    def on_progress(progress: Progress) -> None:
        place.on_progress(progress)
        _draw_learning_curve(trainer.history, place.folder / f"{run.name}-learning.svg")

    trainer.train(sampler, on_progress=on_progress, should_stop=lambda: False)
    return network, trainer.seconds


def _held_out_crops(run: Run, split: Split) -> Batch | None:
    """Cut one fixed batch from held-out photos, as they are; None where one kind is missing."""
    chosen = np.random.default_rng(run.seed).permutation(len(split.held_out))[:_CHECKED_CROPS]
    photos = [split.held_out[i] for i in chosen]
    if len({photo.cracked for photo in photos}) < 2:
        return None
    decoded = in_memory((photo, *decode(photo, max_side=1024)) for photo in photos)
    sampler = CropSampler(decoded, sampling=run.sampling, augmentation=AS_IT_IS, seed=run.seed)
    return sampler.batch(step=0, side=_CHECKED_SIDE, count=_CHECKED_CROPS)


def _draw_learning_curve(history: Sequence[Point], out: Path) -> None:
    if not history:
        return
    curves = {
        "learned": [(p.step, p.loss) for p in history],
        "held out": [(p.step, p.held_out_loss) for p in history],
    }
    highest = max(p.loss for p in history)
    picture = plot("Steps → loss", curves, top=1.2 * highest, right=history[-1].step)
    out.write_text(picture, encoding="utf-8")


def _draw_examples(classifier: Classifier, measured: Sequence[Example], out: Path) -> None:
    """Draw what the finished model sees in a few measured photos, cracked and clear in turns."""
    rng = np.random.default_rng(0)
    kinds = [[e for e in measured if e.cracked == kind] for kind in (True, False)]
    chosen = [pile[i] for pile in kinds for i in rng.permutation(len(pile))[: _EXAMPLES // 2]]
    tiles = []
    for example in chosen:
        image = open_upright(example.path, max_side=1024)
        answer = classifier.judge(image)
        words = f"{example.label}: {answer.verdict}, {answer.score:.2f}"
        tiles.append((words, with_evidence(image, answer.evidence)))
    sheet(tiles).save(out)


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
        patch_bonus=run.patch_bonus,
    )


def _card(
    run: Run, split: Split, measured: Sequence[Example], *, seconds: float
) -> dict[str, object]:
    return {
        "name": run.name,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "attribution": list(run.attribution),
        "limits": list(run.limits),
        "run": settings(run),
        "seconds_of_training": round(seconds),
        "peak_memory_mb": round(peak_memory_mb()),
        "machine": machine(),
        "versions": versions(),
        "threads": threads(),
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
