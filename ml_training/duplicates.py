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
    """Give the pairs (learned, measured) that are one picture, also resized, turned, mirrored or
    saved again.

    What hashes alike is compared in its fine detail: plain walls share a hash, no picture its
    grain. Each photo is opened once; `on_photo` hears of each, and may raise to stop.
    """
    images = _opened([*learned, *measured], on_photo, max_side=_SIDE_LOOKED_AT)
    ours = _Looks(map(_look, islice(images, len(learned))))
    return [(i, j) for j, image in enumerate(images) for i in ours.alike(map(_look, turned(image)))]


def trace(photo: Path) -> bytes:
    """Give what a photo is known again by: its hash and its fine detail, one byte a cell."""
    return _trace(open_upright(photo, max_side=_SIDE_LOOKED_AT))


def turned_traces(photo: Path) -> tuple[bytes, ...]:
    """Give a photo's traces as it is, turned and mirrored: eight."""
    return tuple(map(_trace, turned(open_upright(photo, max_side=_SIDE_LOOKED_AT))))


def copies(seen: Sequence[Sequence[bytes]], known: Iterable[bytes]) -> list[int]:
    """Tell by number which of the pictures with these `turned_traces` is one that is `known`."""
    owners = [i for i, traces in enumerate(seen) for _ in traces]
    ours = _Looks(_read(one) for traces in seen for one in traces)
    return sorted({owners[i] for one in known for i in ours.alike([_read(one)])})


def turned(image: Image.Image) -> Iterator[Image.Image]:
    """Give an image as it is and in the seven ways to turn and mirror it."""
    yield image
    yield from (image.transpose(method) for method in Image.Transpose)


def _trace(image: Image.Image) -> bytes:
    theirs, detail = _look(image)
    levels: bytes = np.rint(detail * (127 / (np.abs(detail).max() or 1))).astype(np.int8).tobytes()
    return int(theirs).to_bytes(_HASH_BYTES, "big") + levels


def _read(known: bytes) -> tuple[np.uint64, Detail]:
    levels = np.frombuffer(known, np.int8, offset=_HASH_BYTES).astype(np.float32)
    return np.uint64(int.from_bytes(known[:_HASH_BYTES], "big")), _unit(levels)


class _Looks:
    """What some pictures look like, to find one of them again."""

    def __init__(self, looks: Iterable[tuple[np.uint64, Detail]]) -> None:
        found = list(looks)
        self._hashes = np.array([theirs for theirs, _ in found], np.uint64)
        self._details = np.array([detail for _, detail in found], np.float32)

    def alike(self, looks: Iterable[tuple[np.uint64, Detail]]) -> list[int]:
        """Give the numbers of those that are one picture with one that looks so or so."""
        return sorted({i for theirs, detail in looks for i in self._near(theirs, detail)})

    def _near(self, theirs: np.uint64, detail: Detail) -> Iterator[int]:
        for i in np.flatnonzero(np.bitwise_count(self._hashes ^ theirs) <= NEAR).tolist():
            if float(self._details[i] @ detail) >= SAME:
                yield i


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
