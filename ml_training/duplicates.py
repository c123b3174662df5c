"""Near-duplicates between two splits, by difference hash: a group may hide what another shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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
    hashes = _hashes(photos, on_photo)
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
    grain.
    """
    hashes = _hashes([*learned, *measured], on_photo)
    ours, theirs = hashes[: len(learned)], hashes[len(learned) :]
    return [
        (i, j)
        for j, one in enumerate(theirs)
        for i in np.flatnonzero(np.bitwise_count(ours ^ one) <= NEAR).tolist()
        if float((_detail(learned[i]) * _detail(measured[j])).sum()) >= SAME
    ]


def _detail(path: Path) -> npt.NDArray[np.float64]:
    """Give a photo's grey detail without its coarse light and shade, as a unit vector."""
    grey = open_upright(path, max_side=512).convert("L")
    side = (_DETAIL_SIDE, _DETAIL_SIDE)
    fine = grey.resize(side, Image.Resampling.BOX)
    coarse = fine.resize((8, 8), Image.Resampling.BOX).resize(side, Image.Resampling.BILINEAR)
    detail = np.asarray(fine, np.float64) - np.asarray(coarse, np.float64)
    length = float(np.linalg.norm(detail))
    return detail / length if length else detail


def difference_hash(image: Image.Image) -> np.uint64:
    """Compare each of 8 × 9 grey levels with its right neighbour: 64 bits."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    bits = np.packbits(grey[:, 1:] > grey[:, :-1])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def _hashes(photos: Sequence[Path], on_photo: Callable[[int, int], None] | None) -> Hashes:
    hashes = np.empty(len(photos), np.uint64)
    for number, path in enumerate(photos):
        hashes[number] = difference_hash(open_upright(path, max_side=128))
        if on_photo is not None:
            on_photo(number + 1, len(photos))
    return hashes


def _nearest(measured: Hashes, learned: Hashes) -> npt.NDArray[np.uint8]:
    """Give each measured photo's smallest distance to a learned one; 64 where there is none."""
    nearest = np.full(len(measured), 64, np.uint8)
    for start in range(0, len(measured) if len(learned) else 0, _CHUNK):
        part = measured[start : start + _CHUNK, None]
        nearest[start : start + _CHUNK] = np.bitwise_count(part ^ learned[None]).min(axis=1)
    return nearest
