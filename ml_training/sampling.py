"""Crops for training: which photo, which window, what the answer for the crop and its cells is.

Cracked and clear crops come in equal shares; within each, sources are drawn by the square root of
their size so that a large set does not drown a small, varied one. A batch is a pure function of
(seed, step): a resumed training sees the crops it would have seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_training import overlays
from ml_training.augmentation import Augmentation, dress, expose, turn
from ml_training.caching import CachedPhotos, Pixels
from ml_training.contracts import TooFewPhotos

CELL = 16
"""Pixels a side of one cell of the evidence map: the network's stride."""

Floats = npt.NDArray[np.float32]
_Pool = list[tuple[float, npt.NDArray[np.int64]]]
_FEWEST_CRACK_PIXELS = 12
_WINDOW_TRIES = 6
_HARD_SHARE = 0.35


@dataclass(frozen=True)
class Batch:
    """Crops (n, side, side, 3) uint8 with answers per crop (n,) and per cell (n, side/16, side/16).

    A weight of 0 says that nobody knows: crops with a sliver of crack, cells at a crack's edge,
    and all cells of a cracked photo without a mask.
    """

    images: Pixels
    labels: Floats
    label_weights: Floats
    cells: Floats
    cell_weights: Floats


@dataclass(frozen=True)
class Sampling:
    """How windows are chosen. `scales` is crop pixels per photo pixel, lowest and highest."""

    scales: tuple[float, float] = (0.4, 1.6)
    smallest_share: float = 0.65
    """Smallest window over a cracked photo without a mask, as a share of its short side: a
    smaller one could miss the crack."""
    mosaic: float = 0.15
    """Share of crops put together from four smaller ones, often of different photos."""
    source_boost: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Crop:
    pixels: Pixels
    mask: Pixels
    known: bool
    cracked: bool


class CropSampler:
    """Draws batches from cached photos. Raises TooFewPhotos when one of the two kinds is
    missing.
    """

    def __init__(
        self, photos: CachedPhotos, *, sampling: Sampling, augmentation: Augmentation, seed: int
    ) -> None:
        self._photos = photos
        self._sampling = sampling
        self._augmentation = augmentation
        self._seed = seed
        self.hard: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.leave_out(())

    def leave_out(self, sources: Collection[str]) -> None:
        """Draw from all sources but these from now on."""
        self._left_out = frozenset(sources)
        self._pools = {kind: self._pool(cracked=kind) for kind in (True, False)}
        self._masked = self._with_masks()

    def _with_masks(self) -> _Pool:
        """Group the numbers of the cracked photos that have a mask by source, with a weight."""
        examples = self._photos.examples
        kept = [[n for n in pile if examples[n].mask is not None] for _, pile in self._pools[True]]
        return [(len(pile) ** 0.5, np.array(pile)) for pile in kept if pile]

    def _pool(self, *, cracked: bool) -> _Pool:
        """Group photo numbers by source with a weight; masked photos serve clear crops as well."""
        by_source: dict[str, list[int]] = {}
        for number, example in enumerate(self._photos.examples):
            if example.source in self._left_out:
                continue
            if example.cracked == cracked or (not cracked and example.mask is not None):
                by_source.setdefault(example.source, []).append(number)
        if not by_source:
            kind = "cracked" if cracked else "clear"
            raise TooFewPhotos(f"Training needs photos of both kinds; there is no {kind} one.")
        boost = self._sampling.source_boost
        return [(len(n) ** 0.5 * boost.get(s, 1.0), np.array(n)) for s, n in by_source.items()]

    def batch(self, *, step: int, side: int, count: int) -> Batch:
        """Give the batch of a step; `side` must be a multiple of 32."""
        rng = np.random.default_rng((self._seed, step))
        crops = [self._augmented(rng, side, cracked=i % 2 == 0) for i in range(count)]
        return _as_batch(crops)

    def clear_numbers(self) -> list[int]:
        """Give the numbers of the photos labelled clear, of the sources that are drawn from."""
        return [
            number
            for number, example in enumerate(self._photos.examples)
            if not example.cracked and example.source not in self._left_out
        ]

    def whole(self, number: int) -> Pixels:
        """Give a whole photo, cut to a multiple of 32 px so that few shapes come up."""
        pixels = self._photos.pixels(number)
        height, width = (size // 32 * 32 for size in pixels.shape[:2])
        return pixels[:height, :width]

    def _augmented(self, rng: np.random.Generator, side: int, *, cracked: bool) -> _Crop:
        crop = self._plain(rng, side, cracked=cracked)
        pixels, mask = turn(crop.pixels, crop.mask, rng)
        if not crop.cracked and rng.random() < self._augmentation.masonry:
            pixels = overlays.add_masonry(pixels, rng)
        if not crop.cracked and rng.random() < self._augmentation.drawn_crack:
            pixels = dress(pixels, self._augmentation, rng)
            pixels, mask = self._with_crack(pixels, rng)
            return _Crop(expose(pixels, self._augmentation, rng), mask, known=True, cracked=True)
        pixels = expose(dress(pixels, self._augmentation, rng), self._augmentation, rng)
        return _Crop(pixels, mask, crop.known, crop.cracked)

    def _with_crack(self, pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Lay a crack of a masked photo over a crop, or draw one."""
        if self._masked and rng.random() < self._augmentation.laid_crack:
            crop = self._window_of(self._draw(rng, self._masked), rng, len(pixels), cracked=True)
            laid = overlays.lay_crack(pixels, *turn(crop.pixels, crop.mask, rng), rng)
            if crop.cracked and laid is not None:
                return laid
        return overlays.add_crack(pixels, rng)

    def _plain(self, rng: np.random.Generator, side: int, *, cracked: bool) -> _Crop:
        if rng.random() >= self._sampling.mosaic:
            return self._window(rng, side, cracked=cracked)
        half = side // 2
        parts = [self._window(rng, half, cracked=cracked and i == 0) for i in range(4)]
        order = rng.permutation(4)
        parts = [parts[i] for i in order]
        return _Crop(
            pixels=_tile([p.pixels for p in parts]),
            mask=_tile([p.mask for p in parts]),
            known=all(p.known for p in parts),
            cracked=any(p.cracked for p in parts),
        )

    def _window(self, rng: np.random.Generator, side: int, *, cracked: bool) -> _Crop:
        """Cut a window of the wanted kind; after a few tries a masked photo gives what it has."""
        return self._window_of(self._choose(rng, cracked=cracked), rng, side, cracked=cracked)

    def _window_of(
        self, number: int, rng: np.random.Generator, side: int, *, cracked: bool
    ) -> _Crop:
        pixels, mask = self._photos.pixels(number), self._photos.mask(number)
        example = self._photos.examples[number]
        for _ in range(_WINDOW_TRIES):
            box = self._box(rng, pixels.shape[:2], side, tight=example.cracked and mask is None)
            if mask is None or _holds_crack(mask, box) == cracked:
                break
        crop = _resize(pixels, box, side)
        if mask is None:
            return _Crop(
                crop, np.zeros((side, side), np.uint8), not example.cracked, example.cracked
            )
        cut = np.where(_resize(mask, box, side) > 40, 255, 0).astype(np.uint8)
        return _Crop(crop, cut, known=True, cracked=bool(cut.any()))

    def _choose(self, rng: np.random.Generator, *, cracked: bool) -> int:
        if not cracked and len(self.hard) and rng.random() < _HARD_SHARE:
            return int(rng.choice(self.hard))
        return self._draw(rng, self._pools[cracked])

    @staticmethod
    def _draw(rng: np.random.Generator, pool: _Pool) -> int:
        """Draw a source by its weight, then one of its photos."""
        weights = np.array([weight for weight, _ in pool])
        return int(rng.choice(pool[int(rng.choice(len(pool), p=weights / weights.sum()))][1]))

    def _box(
        self, rng: np.random.Generator, shape: Sequence[int], side: int, *, tight: bool
    ) -> tuple[int, int, int]:
        """Choose (left, top, window side) in photo pixels."""
        low, high = self._sampling.scales
        window = side / float(np.exp(rng.uniform(np.log(low), np.log(high))))
        short = min(shape)
        if tight:
            window = max(window, short * rng.uniform(self._sampling.smallest_share, 1.0))
        window = int(max(8, min(window, short)))
        left = int(rng.integers(0, shape[1] - window + 1))
        top = int(rng.integers(0, shape[0] - window + 1))
        return left, top, window


def _holds_crack(mask: Pixels, box: tuple[int, int, int]) -> bool:
    left, top, window = box
    return bool(mask[top : top + window, left : left + window].any())


def _resize(pixels: Pixels, box: tuple[int, int, int], side: int) -> Pixels:
    left, top, window = box
    cut = np.ascontiguousarray(pixels[top : top + window, left : left + window])
    method = Image.Resampling.BOX if window > 2 * side else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(cut).resize((side, side), method))


def _tile(parts: Sequence[Pixels]) -> Pixels:
    return np.concatenate(
        [np.concatenate(parts[:2], axis=1), np.concatenate(parts[2:], axis=1)], axis=0
    )


def _as_batch(crops: Sequence[_Crop]) -> Batch:
    pairs = [_cell_answers(crop) for crop in crops]
    counts = np.array([np.count_nonzero(crop.mask) for crop in crops])
    known = np.array([crop.known for crop in crops])
    cracked = np.array([crop.cracked for crop in crops])
    sliver = known & cracked & (counts < _FEWEST_CRACK_PIXELS)
    return Batch(
        images=np.stack([crop.pixels for crop in crops]),
        labels=cracked.astype(np.float32),
        label_weights=(~sliver).astype(np.float32),
        cells=np.stack([cells for cells, _ in pairs]),
        cell_weights=np.stack([weights for _, weights in pairs]),
    )


def _cell_answers(crop: _Crop) -> tuple[Floats, Floats]:
    """Give each cell's answer and weight; cells beside a cracked one are left open."""
    size = crop.mask.shape[0] // CELL
    cells = crop.mask.reshape(size, CELL, size, CELL).max(axis=(1, 3)) > 0
    if not crop.known:
        return cells.astype(np.float32), np.zeros_like(cells, np.float32)
    padded = np.pad(cells, 1)
    near = np.zeros_like(cells)
    for dy in range(3):
        for dx in range(3):
            near |= padded[dy : dy + size, dx : dx + size]
    return cells.astype(np.float32), (cells | ~near).astype(np.float32)


def batches(
    sampler: CropSampler, steps: Sequence[tuple[int, int, int]], *, workers: int = 2
) -> Iterator[Batch]:
    """Give the batches of (step, side, count) in order, drawn a few steps ahead by threads."""
    ahead = workers * 2
    with ThreadPoolExecutor(workers) as pool:
        queue: list[Future[Batch]] = []
        for step, side, count in steps:
            queue.append(pool.submit(sampler.batch, step=step, side=side, count=count))
            if len(queue) > ahead:
                yield queue.pop(0).result()
        while queue:
            yield queue.pop(0).result()
