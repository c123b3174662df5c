"""Near-duplicates between two splits, by difference hash: a group may hide what another shows.

A `trace` is what a picture is known again by when its file is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_SIDE_LOOKED_AT = 512
_HASH_BYTES = 8

Hashes = npt.NDArray[np.uint64]
Detail = npt.NDArray[np.float32]
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
    seen = map(_look, _opened([*learned, *measured], on_photo, max_side=_SIDE_LOOKED_AT))
    ours = _Looks(islice(seen, len(learned)))
    return [(i, j) for j, (theirs, detail) in enumerate(seen) for i in ours.alike(theirs, detail)]


def trace(photo: Path) -> bytes:
    """Give what a photo is known again by: its hash and its fine detail, one byte a cell."""
    theirs, detail = _look(open_upright(photo, max_side=_SIDE_LOOKED_AT))
    levels: bytes = np.rint(detail * (127 / (np.abs(detail).max() or 1))).astype(np.int8).tobytes()
    return int(theirs).to_bytes(_HASH_BYTES, "big") + levels


def copies(traces: Sequence[bytes], known: Iterable[bytes]) -> list[int]:
    """Tell by number which of these traces are of one picture with one that is `known`."""
    looks = _Looks(map(_read, traces))
    return sorted({i for one in known for i in looks.alike(*_read(one))})


def _read(known: bytes) -> tuple[np.uint64, Detail]:
    levels = np.frombuffer(known, np.int8, offset=_HASH_BYTES).astype(np.float32)
    return np.uint64(int.from_bytes(known[:_HASH_BYTES], "big")), _unit(levels)


class _Looks:
    """What some pictures look like, to find one of them again."""

    def __init__(self, looks: Iterable[tuple[np.uint64, Detail]]) -> None:
        found = list(looks)
        self._hashes = np.array([theirs for theirs, _ in found], np.uint64)
        self._details = np.array([detail for _, detail in found], np.float32)

    def alike(self, theirs: np.uint64, detail: Detail) -> list[int]:
        """Give the numbers of those that are one picture with this one."""
        near = np.flatnonzero(np.bitwise_count(self._hashes ^ theirs) <= NEAR).tolist()
        return [i for i in near if float(self._details[i] @ detail) >= SAME]


def _look(image: Image.Image) -> tuple[np.uint64, Detail]:
    return difference_hash(image), _detail(image)


def _detail(image: Image.Image) -> Detail:
    """Give a photo's grey detail without its coarse light and shade, as a unit vector."""
    side = (_DETAIL_SIDE, _DETAIL_SIDE)
    fine = image.convert("L").resize(side, Image.Resampling.BOX)
    coarse = fine.resize((8, 8), Image.Resampling.BOX).resize(side, Image.Resampling.BILINEAR)
    return _unit((np.asarray(fine, np.float32) - np.asarray(coarse, np.float32)).ravel())


def _unit(vector: Detail) -> Detail:
    length = np.linalg.norm(vector)
    return vector / length if length else vector


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
