"""Letting two models look at the same photos, one beside the other, for the gate to judge."""

from __future__ import annotations

import ctypes
import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from ml_training import measuring
from ml_training.contracts import (
    CompareRequest,
    Comparison,
    Finding,
    LabelledPhoto,
    ModelFileError,
    Thresholds,
    TrainingCancelled,
)
from ml_training.dataset import Example
from ml_training.gate import Shown, Trial, judge
from ml_training.inference import Classifier, load_classifier
from ml_training.measuring import Seen
from ml_training.photos import open_upright
from ml_training.synthetic import draw_photo

DRAWN_PHOTOS = 60
"""Half of them cracked, of all kinds of drawn scenes: what everyone's model has to know."""

GOLDEN_PHOTOS = 20
"""So many of them keep their recorded scores in a model's card."""

_FIRST_SEED = 7_000_000_000
_DRAWN_SIZE = (384, 288)

OnPhoto = Callable[[int, int], None]


def compare(
    request: CompareRequest, *, on_photo: OnPhoto, should_stop: Callable[[], bool]
) -> Comparison:
    """Measure both models on the request's photos and on drawn ones, and judge the candidate.

    A candidate that cannot be opened or answers no numbers is refused like any other. Raises
    TrainingCancelled when asked to stop, ModelFileError where the active model cannot be used,
    PhotoError, DatasetError where a photo cannot.
    """
    _Loaded(request.active, None)  # and dropped: what only the first of all models takes
    active = _Loaded(request.active, request.active_thresholds)
    try:
        candidate = _Loaded(request.candidate, request.candidate_thresholds)
        pairs = _look(active, candidate, request.photos, on_photo, should_stop)
        drawn = [one.drawn() for one in (active, candidate)]
    except ModelFileError as error:
        return Comparison((Finding("files", False, str(error)),), {}, ())
    trial = _trial(request.photos, active, candidate, pairs, drawn)
    return Comparison(
        findings=judge(trial),
        figures=_figures(active.model, candidate.model, pairs),
        scores=tuple(
            zip(trial.active.scores.tolist(), trial.candidate.scores.tolist(), strict=True)
        ),
    )


def golden_answers(model: Classifier) -> list[float]:
    """Give a model's scores of the golden photos, to be reproduced wherever it is opened."""
    return [float(score) for score in _drawn_scores(model, GOLDEN_PHOTOS)]


def golden_difference(folder: Path) -> float | None:
    """Open a model folder and tell how far it is from the answers recorded when it was written: the
    largest distance of scores, 0–1; None where none were recorded. Raises ModelFileError.
    """
    model = load_classifier(folder)
    return _from_recorded(model, _drawn_scores(model, GOLDEN_PHOTOS))


@dataclass
class _Loaded:
    """A model, what loading it took, and how long it looked at each photo."""

    folder: Path
    thresholds: Thresholds | None
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        image = _drawn_image(0)
        _give_free_memory_back()
        before, started = _memory_mb(), time.monotonic()
        self.model = load_classifier(self.folder)
        self.load_seconds = time.monotonic() - started
        if self.thresholds:
            serving = replace(self.model.serving, thresholds=self.thresholds)
            self.model = self.model.served_as(serving)
        self.model.look(image)  # the first answer sets memory aside
        self.memory_mb = _memory_mb() - before

    def look(self, example: Example, image: Image.Image) -> Seen:
        started = time.perf_counter()
        seen = Seen(example, self.model.look(image))
        self.seconds.append(time.perf_counter() - started)
        return seen

    def drawn(self) -> measuring.Values:
        started = time.perf_counter()
        scores = _drawn_scores(self.model, DRAWN_PHOTOS)
        self.seconds = self.seconds or [(time.perf_counter() - started) / DRAWN_PHOTOS]
        return scores


def _look(
    active: _Loaded,
    candidate: _Loaded,
    photos: Sequence[LabelledPhoto],
    on_photo: OnPhoto,
    should_stop: Callable[[], bool],
) -> list[tuple[Seen, Seen]]:
    """Look at each photo with both models in turn, so that both meet the same busy machine."""
    side = max(*active.model.serving.sides, *candidate.model.serving.sides)
    pairs = []
    for number, photo in enumerate(photos, 1):
        if should_stop():
            raise TrainingCancelled("Stopped while comparing.")
        name, example = photo.name or photo.path.name, _example(photo)
        image = open_upright(photo.path, max_side=side, name=name)
        pairs.append((active.look(example, image), candidate.look(example, image)))
        on_photo(number, len(photos))
    return pairs


def _example(photo: LabelledPhoto) -> Example:
    kind = "crack" if photo.cracked else "clear"
    source = photo.kind or "reviewed"
    return Example(photo.path, photo.cracked, kind, photo.group, source, "train", None)


def _trial(
    photos: Sequence[LabelledPhoto],
    active: _Loaded,
    candidate: _Loaded,
    pairs: Sequence[tuple[Seen, Seen]],
    drawn: Sequence[measuring.Values],
) -> Trial:
    return Trial(
        cracked=np.array([photo.cracked for photo in photos], dtype=np.bool_),
        kinds=[photo.kind for photo in photos],
        drawn_cracked=np.array([_is_cracked(n) for n in range(DRAWN_PHOTOS)], dtype=np.bool_),
        active=_shown(active, [pair[0] for pair in pairs], drawn[0]),
        candidate=_shown(candidate, [pair[1] for pair in pairs], drawn[1]),
        golden_difference=_from_recorded(candidate.model, drawn[1][:GOLDEN_PHOTOS]),
        retrained="base" in candidate.model.facts.card,
        groups=[photo.group for photo in photos],
    )


def _shown(loaded: _Loaded, seen: Sequence[Seen], drawn: measuring.Values) -> Shown:
    return Shown(
        thresholds=loaded.model.serving.thresholds,
        scores=measuring.scores(loaded.model.serving, seen),
        drawn=drawn,
        seconds=statistics.median(loaded.seconds),
        load_seconds=loaded.load_seconds,
        memory_mb=loaded.memory_mb,
    )


def _from_recorded(model: Classifier, scores: measuring.Values) -> float | None:
    recorded = model.facts.card.get("golden")
    if not isinstance(recorded, list):
        return None
    if len(recorded) != len(scores):
        return 1.0
    return float(np.abs(np.array(recorded, dtype=np.float64) - scores).max())


def _figures(
    active: Classifier, candidate: Classifier, pairs: Sequence[tuple[Seen, Seen]]
) -> dict[str, object]:
    ours = measuring.figures(active.serving, [pair[0] for pair in pairs])
    theirs = measuring.figures(candidate.serving, [pair[1] for pair in pairs])
    return {kind: {"active": ours[kind], "candidate": theirs[kind]} for kind in ours}


# === Drawn photos ===


def _is_cracked(number: int) -> bool:
    return number % 2 == 0


@cache
def _drawn_image(number: int) -> Image.Image:
    """Draw the same picture for every model."""
    width, height = _DRAWN_SIZE
    seed, cracked = _FIRST_SEED + number, _is_cracked(number)
    return draw_photo(seed=seed, cracked=cracked, width=width, height=height).image.convert("RGB")


def _drawn_scores(model: Classifier, count: int) -> measuring.Values:
    example = Example(Path("drawn"), True, "crack", "drawn", "drawn", "train", None)
    seen = [Seen(example, model.look(_drawn_image(number))) for number in range(count)]
    return measuring.scores(model.serving, seen)


def _give_free_memory_back() -> None:
    """Let what is loaded next show in the resident memory: pages that a training left free would
    hide it. Where the C library is not glibc it is left to itself.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _memory_mb() -> float:
    """Resident memory now; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return 0.0
    return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
