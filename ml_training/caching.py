"""Photos decoded once: a file that is read piece by piece for thousands, memory for a few.

The file is read and not mapped: mapped pages would count as this process's memory, up to the size
of the whole set.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedRandom
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_training.contracts import DatasetError, PhotoError
from ml_training.dataset import WHITE_FROM, Example, read_mask
from ml_training.photos import open_upright

Pixels = npt.NDArray[np.uint8]
Decoded = tuple[Example, Pixels, Pixels | None]

CACHE_VERSION = 2


Read = Callable[[int, int], Pixels]
"""(start, count) → so many bytes from there."""


@dataclass(frozen=True)
class CachedPhotos:
    """Decoded photos: `pixels(i)` is (height, width, 3) uint8, upright RGB."""

    examples: tuple[Example, ...]
    offsets: tuple[int, ...]
    shapes: tuple[tuple[int, int], ...]
    read: Read

    def pixels(self, index: int) -> Pixels:
        height, width = self.shapes[index]
        return self.read(self.offsets[index], height * width * 3).reshape(height, width, 3)

    def mask(self, index: int) -> Pixels | None:
        """Give the crack mask (height, width), 0 or 255, or None where the source has none."""
        if self.examples[index].mask is None:
            return None
        height, width = self.shapes[index]
        start = self.offsets[index] + height * width * 3
        return self.read(start, height * width).reshape(height, width)


def cache_photos(
    examples: Sequence[Example],
    folder: Path,
    *,
    max_side: int = 1024,
    on_progress: Callable[[int, int], None] | None = None,
) -> CachedPhotos:
    """Decode every photo once into `folder` and open the result; a matching cache is used as it is.

    An unreadable photo raises DatasetError naming the file: a training must not silently lose
    photos.
    """
    key = _cache_key(examples, max_side)
    data_file, table_file = folder / f"{key}.pixels", folder / f"{key}.json"
    if not table_file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        offsets, shapes = _decode_all(examples, data_file, max_side, on_progress or _silent)
        table_file.write_text(json.dumps({"offsets": offsets, "shapes": shapes}), encoding="utf-8")
    table = json.loads(table_file.read_text(encoding="utf-8"))
    return CachedPhotos(
        examples=tuple(examples),
        offsets=tuple(table["offsets"]),
        shapes=tuple((height, width) for height, width in table["shapes"]),
        read=partial(_read_file, data_file),
    )


def _read_file(path: Path, start: int, count: int) -> Pixels:
    return np.fromfile(path, np.uint8, count, offset=start)


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""


def _cache_key(examples: Sequence[Example], max_side: int) -> str:
    digest = hashlib.sha256(f"{CACHE_VERSION}:{max_side}".encode())
    for example in examples:
        digest.update(f"{example.path}|{example.path.stat().st_size}|{example.mask}\n".encode())
    return digest.hexdigest()[:24]


def _decode_all(
    examples: Sequence[Example],
    data_file: Path,
    max_side: int,
    on_progress: Callable[[int, int], None],
) -> tuple[list[int], list[tuple[int, int]]]:
    offsets: list[int] = []
    shapes: list[tuple[int, int]] = []
    temporary = data_file.with_suffix(f".{os.getpid()}.tmp")
    with _gone_where_stopped(temporary), temporary.open("wb") as file:
        for done, example in enumerate(examples):
            pixels, mask = decode(example, max_side=max_side)
            offsets.append(file.tell())
            shapes.append((pixels.shape[0], pixels.shape[1]))
            file.write(pixels.tobytes())
            if mask is not None:
                file.write(mask.tobytes())
            if done % 200 == 0:
                on_progress(done, len(examples))
    temporary.replace(data_file)
    on_progress(len(examples), len(examples))
    return offsets, shapes


@contextmanager
def _gone_where_stopped(file: Path) -> Iterator[None]:
    """Remove a half-written file; thousands of photos fill a disk."""
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def in_memory(photos: Iterable[Decoded]) -> CachedPhotos:
    """Hold a few decoded photos in memory; a mask must come exactly where the example names one."""
    parts: list[Pixels] = []
    examples, offsets, shapes = _lay_out(photos, parts.append)
    joined = np.concatenate(parts)
    return CachedPhotos(
        examples, offsets, shapes, lambda start, count: joined[start : start + count]
    )


def in_file(photos: Iterable[Decoded], file: BufferedRandom) -> CachedPhotos:
    """Write decoded photos into an open file as they come, and read them from there again."""
    examples, offsets, shapes = _lay_out(photos, lambda part: file.write(part.tobytes()))
    file.flush()
    return CachedPhotos(examples, offsets, shapes, partial(_read_open, file))


def _read_open(file: BufferedRandom, start: int, count: int) -> Pixels:
    pixels = bytearray(count)
    os.preadv(file.fileno(), [pixels], start)  # by place, as threads share the file
    return np.frombuffer(pixels, np.uint8)


def _lay_out(
    photos: Iterable[Decoded], write: Callable[[Pixels], object]
) -> tuple[tuple[Example, ...], tuple[int, ...], tuple[tuple[int, int], ...]]:
    examples: list[Example] = []
    offsets: list[int] = []
    shapes: list[tuple[int, int]] = []
    end = 0
    for example, pixels, mask in photos:
        examples.append(example)
        offsets.append(end)
        shapes.append((pixels.shape[0], pixels.shape[1]))
        for part in (pixels,) if mask is None else (pixels, mask):
            write(part.ravel())
            end += part.size
    return tuple(examples), tuple(offsets), tuple(shapes)


def decode(example: Example, *, max_side: int) -> tuple[Pixels, Pixels | None]:
    """Decode a photo (height, width, 3) and its mask (height, width), 0 or 255, if it has one."""
    try:
        image = open_upright(example.path, max_side=max_side)
    except (PhotoError, OSError) as error:
        raise DatasetError(
            f"{example.path} cannot be decoded: {error} Take it out of the index."
        ) from error
    mask = None if example.mask is None else _decode_mask(example.mask, image.size)
    return np.asarray(image), mask


def _decode_mask(path: Path, size: tuple[int, int]) -> Pixels:
    """Bring a mask to the photo's size; thin cracks survive as reducing averages before the cut."""
    grey = read_mask(path)
    if grey.size != size:
        grey = grey.resize(size, Image.Resampling.BOX)
    return np.where(np.asarray(grey) >= WHITE_FROM, 255, 0).astype(np.uint8)
