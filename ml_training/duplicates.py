"""Near-duplicates between two splits, by difference hash: a group may hide what another shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_training.dataset import Split
from ml_training.photos import open_upright

NEAR = 6
"""Photos whose hashes differ in at most so many of 64 bits look alike (Krawetz 2013)."""

SAME = 0.8
"""Correlation of the fine detail from which two photos that hash alike are one picture."""

_DETAIL_SIDE = 64

Hashes = npt.NDArray[np.uint64]
_CHUNK = 256


def near_duplicates(
    split: Split, *, on_photo: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Count, by source, the held-out photos that look like one that is learned from.

    Plain surfaces hash alike without being the same place, so this is told and not refused.
    """
    photos = [example.path for example in (*split.train, *split.held_out)]
    images = _opened(photos, on_photo, max_side=128)
    hashes = np.fromiter(map(difference_hash, images), np.uint64, len(photos))
    learned, measured = hashes[: len(split.train)], hashes[len(split.train) :]
    found = Counter(
        example.source
        for example, distance in zip(split.held_out, _nearest(measured, learned), strict=True)
        if distance <= NEAR
    )
    return dict(sorted(found.items()))


def same_pictures(
    learned: Sequence[Path],
    measured: Sequence[Path],
    *,
    on_photo: Callable[[int, int], None] | None = None,
) -> list[tuple[int, int]]:
    """Give the pairs (learned, measured) that are one picture, also resized or saved again.

    What hashes alike is compared in its fine detail: plain walls share a hash, no picture its
    grain. Each photo is opened once; `on_photo` hears of each, and may raise to stop.
    """
    seen = (
        (difference_hash(image), _detail(image))
        for image in _opened([*learned, *measured], on_photo, max_side=512)
    )
    ours = list(islice(seen, len(learned)))
    hashes = np.array([one for one, _ in ours], np.uint64)
    details = np.array([detail for _, detail in ours], np.float32).reshape(len(ours), -1)
    return [
        (i, j)
        for j, (theirs, detail) in enumerate(seen)
        for i in np.flatnonzero(np.bitwise_count(hashes ^ theirs) <= NEAR).tolist()
        if float(details[i] @ detail) >= SAME
    ]


def _detail(image: Image.Image) -> npt.NDArray[np.float32]:
    """Give a photo's grey detail without its coarse light and shade, as a unit vector."""
    side = (_DETAIL_SIDE, _DETAIL_SIDE)
    fine = image.convert("L").resize(side, Image.Resampling.BOX)
    coarse = fine.resize((8, 8), Image.Resampling.BOX).resize(side, Image.Resampling.BILINEAR)
    detail = (np.asarray(fine, np.float32) - np.asarray(coarse, np.float32)).ravel()
    length = np.linalg.norm(detail)
    return detail / length if length else detail


def difference_hash(image: Image.Image) -> np.uint64:
    """Compare each of 8 × 9 grey levels with its right neighbour: 64 bits."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    bits = np.packbits(grey[:, 1:] > grey[:, :-1])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def _opened(
    photos: Sequence[Path], on_photo: Callable[[int, int], None] | None, *, max_side: int
) -> Iterator[Image.Image]:
    for number, path in enumerate(photos, 1):
        image = open_upright(path, max_side=max_side)
        if on_photo is not None:
            on_photo(number, len(photos))
        yield image


def _nearest(measured: Hashes, learned: Hashes) -> npt.NDArray[np.uint8]:
    """Give each measured photo's smallest distance to a learned one; 64 where there is none."""
    nearest = np.full(len(measured), 64, np.uint8)
    for start in range(0, len(measured) if len(learned) else 0, _CHUNK):
        part = measured[start : start + _CHUNK, None]
        nearest[start : start + _CHUNK] = np.bitwise_count(part ^ learned[None]).min(axis=1)
    return nearest
