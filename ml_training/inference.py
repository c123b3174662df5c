"""Judging whole photos: a verified model folder in, scores, maps and regions out.

Two backends run the same network: OpenVINO on the exported file (no TensorFlow in the process), and
TensorFlow on the `.keras` file. `auto` takes OpenVINO where it is installed and the export is
there: `python -m ml_training benchmark` measures both, and OpenVINO is the faster one by a wide
margin.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_training import artifacts, calibration
from ml_training.contracts import (
    BackendChoice,
    EvidenceMap,
    ModelFacts,
    ModelFileError,
    PhotoAnswer,
)
from ml_training.embedding import embed, with_features
from ml_training.opening import open_exported, open_network
from ml_training.photos import open_upright
from ml_training.pooling import strongest_mean
from ml_training.regions import find_regions
from ml_training.serving import Serving

Floats = npt.NDArray[np.float32]

CELL = 16
SMALLEST_SIDE = 32
_log = logging.getLogger(__name__)


class Backend(Protocol):
    """Runs a network: (n, height, width, 3) float32 0–255 in; out come (n, height / 16, width / 16)
    logits and, with the channels last, the features they are made of.
    """

    name: str

    def answer(self, images: Floats) -> tuple[Floats, Floats]: ...


class TensorFlowBackend:
    """The `.keras` file, traced once for all sizes."""

    name = "tensorflow"

    def __init__(self, folder: Path) -> None:
        network = with_features(open_network(folder))
        import tensorflow as tf

        signature = tf.TensorSpec((None, None, None, 3), tf.float32)
        self._run: Any = tf.function(
            lambda x: network(x, training=False), input_signature=[signature]
        )

    def answer(self, images: Floats) -> tuple[Floats, Floats]:
        logits, features = (np.asarray(one, dtype=np.float32) for one in self._run(images))
        return logits[..., 0], features


class OpenVINOBackend:
    """The exported file, in single precision so that both backends agree."""

    name = "openvino"

    def __init__(self, folder: Path) -> None:
        self._compiled: Any = open_exported(folder)

    def answer(self, images: Floats) -> tuple[Floats, Floats]:
        found = self._compiled(images)
        logits, features = (np.array(found[i], dtype=np.float32) for i in (0, 1))
        return logits[..., 0], features.transpose(0, 2, 3, 1)


@dataclass(frozen=True)
class Sight:
    """What the network saw in a photo: the fused map of logits, one pooled logit per working size,
    what the photo gains for a small map, and a short vector of what kind of place it is (see
    `embedding`).
    """

    fused: Floats
    pooled: tuple[float, ...]
    bonus: float = 0.0
    embedding: bytes = b""

    @property
    def logit(self) -> float:
        """The photo's uncalibrated logit: the mean over the working sizes, and the bonus."""
        return sum(self.pooled) / len(self.pooled) + self.bonus


class Classifier:
    """A model ready to judge photos. Build it with `load_classifier`; not for use by two threads
    at once.
    """

    def __init__(self, facts: ModelFacts, serving: Serving, backend: Backend) -> None:
        self.facts = facts
        self.serving = serving
        self._backend = backend

    def served_as(self, serving: Serving) -> Classifier:
        """Give the same network with other settings."""
        return Classifier(self.facts, serving, self._backend)

    @property
    def backend(self) -> str:
        """`openvino` or `tensorflow`."""
        return self._backend.name

    def classify(self, path: Path) -> PhotoAnswer:
        """Judge a photo file. Raises PhotoUnreadable or PhotoRefused; ModelFileError on a broken
        network.
        """
        started = time.perf_counter()
        image = open_upright(path, max_side=max(self.serving.sides))
        return self.judge(image, started=started)

    def judge(self, image: Image.Image, *, started: float | None = None) -> PhotoAnswer:
        """Judge an upright RGB picture."""
        started = time.perf_counter() if started is None else started
        sight = self.look(image)
        score = float(calibration.apply(self.serving.photo, np.array(sight.logit)))
        cells = calibration.apply(self.serving.cell, sight.fused).astype(np.float32)
        regions = find_regions(cells, from_probability=self.serving.region_from)
        return PhotoAnswer(
            score=score,
            verdict=self.serving.thresholds.verdict(score),
            regions=regions,
            evidence=as_evidence(cells),
            embedding=sight.embedding,
            seconds=time.perf_counter() - started,
        )

    def look(self, image: Image.Image) -> Sight:
        """Run the network once at each working size and join the maps on the finest grid."""
        answers = [self._answer(image, size) for size in working_sizes(image.size, self.serving)]
        maps = [logits for logits, _ in answers]
        counts = self.serving.strongest_cells[-len(maps) :]
        pooled = tuple(map(strongest_mean, maps, counts))
        if not all(math.isfinite(value) for value in pooled):
            raise ModelFileError(
                f"The model {self.facts.name} answers with NaN; activate another version."
            )
        fused, bonus = fuse(maps), self.serving.bonus(maps[-1].size)
        finest = embed(answers[-1][1], answers[-1][0], counts[-1])
        return Sight(fused=fused, pooled=pooled, bonus=bonus, embedding=finest)

    def _answer(self, image: Image.Image, size: tuple[int, int]) -> tuple[Floats, Floats]:
        resized = image if image.size == size else image.resize(size, _method(image.size, size))
        logits, features = self._backend.answer(np.asarray(resized, dtype=np.float32)[None])
        return logits[0], features[0]


def load_classifier(folder: Path, *, backend: BackendChoice = "auto") -> Classifier:
    """Open a model folder whose checksums hold.

    Raises ModelFileError with a sentence when the folder cannot be trusted or the backend is
    missing.
    """
    facts = artifacts.read_facts(folder)
    serving = artifacts.read_serving(folder)
    chosen = _choose_backend(folder, backend)
    _log.info("Model %s runs on %s.", facts.name, chosen)
    opened = OpenVINOBackend(folder) if chosen == "openvino" else TensorFlowBackend(folder)
    return Classifier(facts, serving, opened)


def _choose_backend(folder: Path, wanted: BackendChoice) -> BackendChoice:
    exported = (folder / artifacts.EXPORTED).is_file()
    installed = find_spec("openvino") is not None
    if wanted == "auto":
        return "openvino" if exported and installed else "tensorflow"
    if wanted == "openvino" and not (exported and installed):
        missing = (
            "has no exported network" if installed else "cannot be used: openvino is not installed"
        )
        raise ModelFileError(f"backend='openvino' was asked for, but {folder.name} {missing}.")
    return wanted


# === Sizes and maps ===


def working_sizes(size: tuple[int, int], serving: Serving) -> tuple[tuple[int, int], ...]:
    """Give (width, height) of each working size: multiples of 16, the finest last.

    Small photos are enlarged by `largest_zoom` at most; the ladder keeps its ratios then.
    """
    longest = max(size)
    shrink = min(1.0, longest * serving.largest_zoom / max(serving.sides))
    zooms = sorted(side * shrink / longest for side in serving.sides)
    sizes = [tuple(_to_cells(length * zoom) for length in size) for zoom in zooms]
    return tuple(dict.fromkeys((width, height) for width, height in sizes))


def _to_cells(length: float) -> int:
    return max(SMALLEST_SIDE, round(length / CELL) * CELL)


def _method(size: tuple[int, int], wanted: tuple[int, int]) -> Image.Resampling:
    return Image.Resampling.BOX if size[0] > 2 * wanted[0] else Image.Resampling.BILINEAR


def fuse(maps: Sequence[Floats]) -> Floats:
    """Average maps of logits on the grid of the last (finest) one."""
    rows, columns = maps[-1].shape
    resized = [
        np.asarray(Image.fromarray(one).resize((columns, rows), Image.Resampling.BILINEAR))
        for one in maps
    ]
    joined: Floats = np.stack(resized).mean(axis=0, dtype=np.float32)
    return joined


def as_evidence(cells: Floats) -> EvidenceMap:
    """Pack probabilities (rows, columns) as bytes."""
    rows, columns = cells.shape
    return EvidenceMap(columns, rows, np.rint(cells * 255).astype(np.uint8).tobytes())
