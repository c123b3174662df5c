"""What a retraining learns from: windows of reviewed photos and a replay of old ones.

Confirmed photos are cracked, dismissed ones clear. Where a person marked a crack, a window lies
around the mark; where a region was outlined when the person answered, a window lies around the
region: cracked where the photo was confirmed, a hard negative, each cell of it clear, where it was
dismissed. An outline that was cleared on a confirmed photo is a hard negative of its own size,
unless it touches what stands for a crack there. Beyond these the base model's own map chooses
windows around its strongest cells: of a dismissed photo, and of a confirmed one, as far as the map
is sure, within what people confirmed, or anywhere where they said of no place. The replay keeps old
sites from being forgotten.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ml_training import measuring
from ml_training.caching import Decoded, Pixels, decode
from ml_training.contracts import Box, LabelledPhoto, Progress, RetrainRequest, TrainingCancelled
from ml_training.dataset import Example, read_examples
from ml_training.inference import CELL, Classifier, Floats, working_sizes
from ml_training.photos import open_upright
from ml_training.serving import Calibration
from ml_training.synthetic import DrawnPhoto, draw_photo
from ml_training.training import OnProgress, ShouldStop

SECONDS_BETWEEN_NOTES = 1.0

_WINDOW = 320
_WINDOWS_A_PHOTO = 4
_MARKS_A_PHOTO = 8
_REGIONS_A_PHOTO = 4
_CLEARED_A_PHOTO = 4
_CLEARED_SIDE = 96
"""A window over a cleared outline is at least so large a side."""
_MARK_SIDES = (160, 640)
"""A window around a mark is at least and at most so large, in pixels of the finest size."""
_REPLAY_PHOTOS = 240
_DRAWN_PHOTOS = 12
_DRAWN_SIZE = (512, 384)
_UNSEEN_PHOTOS = 40
_DRAWN_UNSEEN = 16
_FIRST_UNSEEN_SEED = 5_000_000_000


class Job:
    """One retraining's line to its caller."""

    def __init__(
        self, request: RetrainRequest, on_progress: OnProgress, should_stop: ShouldStop
    ) -> None:
        self.request = request
        self.should_stop = should_stop
        self._on_progress = on_progress
        self._last = Progress(0, request.epochs, 0, 1, 0.0, None, "")
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


def review_windows(
    base: Classifier, photos: Sequence[LabelledPhoto], job: Job
) -> Iterator[Decoded]:
    for number, photo in enumerate(photos, 1):
        job.tell(f"Reading reviewed photos, {number} of {len(photos)}")
        image = open_upright(photo.path, max_side=max(base.serving.sides))
        size = working_sizes(image.size, base.serving)[-1]
        pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        cells = _without(photo.cleared, base.look(image).fused)
        example = reviewed(photo)
        for window in _cleared_windows(photo, pixels):
            yield replace(example, cracked=False, label="clear"), window, None
        for box in photo.places[:_MARKS_A_PHOTO]:
            yield example, _around(pixels, box, _middle(box)), None
        regions = photo.regions[:_REGIONS_A_PHOTO]
        for box in regions:
            yield example, _around(pixels, box, _strongest_within(cells, box)), None
        for top, left in _guessed(photo, cells, base.serving.cell):
            yield example, _cut(pixels, top, left), None


def _guessed(photo: LabelledPhoto, cells: Floats, cell: Calibration) -> list[tuple[int, int]]:
    """Give the places of the windows that the map chooses.

    All of a dismissed photo is clear. A confirmed one is cracked at cells that are so with a
    probability of one half or more: within what people marked or answered to, or where there is
    neither, anywhere, or else at the strongest alone: somewhere there has to be a crack.
    """
    count = _WINDOWS_A_PHOTO - len(photo.regions)
    if not photo.cracked:
        return _strongest_places(cells, count)
    sure = np.where(cell.scale * cells + cell.offset >= 0, cells, -np.inf)
    if confirmed := (*photo.places, *photo.regions):
        elsewhere = np.isfinite(_without(confirmed, sure))
        return _strongest_places(np.where(elsewhere, -np.inf, sure), count)
    return _strongest_places(sure, count) or _strongest_places(cells, 1)


def _without(boxes: Sequence[Box], cells: Floats) -> Floats:
    """Give the map with nothing to see in these boxes."""
    rows, columns = cells.shape
    left_over = cells.copy()
    for left, top, right, bottom in boxes:
        across = slice(math.floor(left * columns), math.ceil(right * columns))
        left_over[math.floor(top * rows) : math.ceil(bottom * rows), across] = -np.inf
    return left_over


def _cleared_windows(photo: LabelledPhoto, pixels: Pixels) -> Iterator[Pixels]:
    """Cut the cleared outlines, each as it lies: what is beside it may be the crack.

    One that touches a mark or another outline is left out, for the same reason.
    """
    height, width = pixels.shape[:2]
    cracks = [_in_pixels(box, width, height) for box in (*photo.places, *photo.regions)]
    for box in photo.cleared[:_CLEARED_A_PHOTO]:
        left, top, right, bottom = _grown(_in_pixels(box, width, height), width, height)
        if not any(left < c[2] and c[0] < right and top < c[3] and c[1] < bottom for c in cracks):
            yield np.ascontiguousarray(pixels[top:bottom, left:right])


def _in_pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return (
        math.floor(left * width),
        math.floor(top * height),
        math.ceil(right * width),
        math.ceil(bottom * height),
    )


def _grown(box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """Grow a box to the least size of a window, moved inwards at the edges."""
    left, right = _stretched(box[0], box[2], width)
    top, bottom = _stretched(box[1], box[3], height)
    return left, top, right, bottom


def _stretched(start: int, end: int, length: int) -> tuple[int, int]:
    side = min(max(end - start, _CLEARED_SIDE), length)
    first = max(0, min((start + end - side) // 2, length - side))
    return first, first + side


def _middle(box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2


def _strongest_within(cells: Floats, box: Box) -> tuple[float, float]:
    """Give the place in a region where the map is strongest: its middle may miss a bent crack."""
    rows, columns = cells.shape
    left, top, right, bottom = box
    above, before = min(int(top * rows), rows - 1), min(int(left * columns), columns - 1)
    inside = cells[above : max(above + 1, int(bottom * rows)), before:]
    inside = inside[:, : max(1, int(right * columns) - before)]
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return (before + int(column) + 0.5) / columns, (above + int(row) + 0.5) / rows


def _around(pixels: Pixels, box: Box, middle: tuple[float, float]) -> Pixels:
    """Cut a square window around a place in a box, so large that the box fills most of it."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = (
        share * length for share, length in zip(box, (width, height) * 2, strict=True)
    )
    smallest, largest = _MARK_SIDES
    side = round(min(max(1.2 * max(right - left, bottom - top), smallest), largest))
    return _cut(pixels, round(middle[1] * height), round(middle[0] * width), side)


def reviewed(photo: LabelledPhoto) -> Example:
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


def _cut(pixels: Pixels, row: int, column: int, side: int = _WINDOW) -> Pixels:
    """Cut a window around a place, moved inwards at the edges; smaller only where the photo is."""
    spans = []
    for centre, length in ((row, pixels.shape[0]), (column, pixels.shape[1])):
        start = max(0, min(centre - side // 2, length - side))
        spans.append(slice(start, start + side))
    return np.ascontiguousarray(pixels[spans[0], spans[1]])


def replay(base: Classifier, job: Job) -> Iterator[Decoded]:
    """Give old photos: a sample of what teaches in the folder, or drawn ones."""
    if job.request.replay is None:
        yield from _drawn(job)
        return
    taught, _ = _parted(job.request.replay, base)
    chosen = _sample(taught, _REPLAY_PHOTOS, job.request.seed)
    for number, example in enumerate(chosen, 1):
        job.tell(f"Reading old photos, {number} of {len(chosen)}")
        yield example, *decode(example, max_side=1024)


def unseen(base: Classifier, job: Job) -> Iterator[tuple[Image.Image, bool]]:
    """Give old photos that teach neither the base nor its candidates, each with whether it is
    cracked: those kept of the folder, or where there are none drawn ones of other seeds.
    """
    kept = _parted(job.request.replay, base)[1] if job.request.replay else []
    for example in _sample(kept, _UNSEEN_PHOTOS, seed=0):
        job.tell("Reading old photos to calibrate by")
        yield open_upright(example.path, max_side=max(base.serving.sides)), example.cracked
    for number in range(0 if kept else _DRAWN_UNSEEN):
        job.tell(f"Drawing photos to calibrate by, {number + 1} of {_DRAWN_UNSEEN}")
        yield _draw(_FIRST_UNSEEN_SEED + number).image.convert("RGB"), number % 2 == 0


def _parted(folder: Path, base: Classifier) -> tuple[list[Example], list[Example]]:
    """Part old photos into those that teach and those kept, the same ones in each run: by group,
    as the base's card says, also of sources that the base does not know. Where all would be kept,
    all teach.
    """
    examples = [e for e in read_examples(folder) if e.role != "dev"]
    split = base.facts.card.get("split")
    rule = dict(split) if isinstance(split, dict) else {}
    rule["trained_sources"] = {e.source for e in examples}
    kept = measuring.measured_examples(examples, {"split": rule})
    paths = {e.path for e in kept}
    taught = [e for e in examples if e.path not in paths]
    return (taught, kept) if taught else (kept, [])


def _sample(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Draw as many photos of each source and label, as far as there are."""
    rng = np.random.default_rng(seed)
    piles: dict[tuple[str, str], list[Example]] = {}
    for i in rng.permutation(len(examples)):
        piles.setdefault((examples[i].source, examples[i].label), []).append(examples[i])
    share = max(1, count // max(1, len(piles)))
    return [example for pile in piles.values() for example in pile[:share]]


def _drawn(job: Job) -> Iterator[Decoded]:
    for number in range(_DRAWN_PHOTOS):
        job.tell(f"Drawing photos, {number + 1} of {_DRAWN_PHOTOS}")
        seed, cracked = job.request.seed * 1000 + number, number % 2 == 0
        photo = _draw(seed)
        kind = "crack" if cracked else "clear"
        name = Path(f"drawn-{seed}")
        example = Example(name, cracked, kind, f"drawn-{number}", "drawn", "train", name)
        yield example, np.asarray(photo.image.convert("RGB")), np.asarray(photo.mask)


def _draw(seed: int) -> DrawnPhoto:
    """Draw a photo, cracked where the seed is even."""
    width, height = _DRAWN_SIZE
    return draw_photo(seed=seed, cracked=seed % 2 == 0, width=width, height=height)
