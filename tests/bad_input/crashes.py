"""B095: fifty files like those that once crashed decoders, made by code with fixed seeds.

Pillow's own crash files are not part of its package; what made them is: files cut off, with bits
flipped in their headers or anywhere, and whose headers contradict themselves. What a flipped bit
does is the codec's to say, so such a row may be read, found unreadable or refused; no other end.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from functools import partial

from tests.bad_input import pictures as make
from tests.bad_input.rows import BadInput

Build = Callable[[], bytes]
HEADER = 400
"""Bytes in which most of a small file's structure lies."""


def _tiff(**options: object) -> bytes:
    return make.saved(make.drawn(), "TIFF", **options)


def _mpo() -> bytes:
    second = make.drawn().resize((64, 48))
    return make.saved(make.drawn(), "MPO", save_all=True, append_images=[second])


KINDS: dict[str, Build] = {
    "a.jpg": make.jpeg,
    "progressive.jpg": make.progressive_jpeg,
    "two.jpg": _mpo,
    "a.png": make.png,
    "lossy.webp": lambda: make.saved(make.drawn(), "WEBP", quality=80),
    "lossless.webp": lambda: make.saved(make.drawn(), "WEBP", lossless=True),
    "plain.tif": _tiff,
    "lzw.tif": partial(_tiff, compression="tiff_lzw"),
    "jpeg.tif": partial(_tiff, compression="jpeg"),
    "a.heic": make.heic,
}


# --- damage by chance -----------------------------------------------------------------------------
def _truncated(name: str) -> bytes:
    """Cut behind the header, in the middle of whatever stands there."""
    good = KINDS[name]()
    return good[: random.Random(f"cut {name}").randrange(HEADER, len(good) * 3 // 4)]


def _flipped(name: str, *, first: int) -> bytes:
    """Eight bits flipped among the `first` bytes, behind the signature."""
    spoilt, chance = bytearray(KINDS[name]()), random.Random(f"flip {name}")
    for _ in range(8):
        spoilt[chance.randrange(12, min(first, len(spoilt)))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


# --- headers that contradict themselves -----------------------------------------------------------
def _jpeg(marker: bytes, at: int, value: bytes) -> Build:
    """Overwrite bytes so far behind the first such marker."""
    return lambda: _overwritten(make.jpeg(), make.jpeg().index(marker) + at, value)


def _overwritten(good: bytes, at: int, value: bytes) -> bytes:
    return good[:at] + value + good[at + len(value) :]


def _png(colours: int, bits: int) -> Build:
    header = struct.pack(">IIBBBBB", *make.drawn().size, bits, colours, 0, 0, 0)
    return lambda: make.PNG_SIGNATURE + make.chunk(b"IHDR", header) + make.png()[33:]


def _webp_with_canvas(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is another than its frame's."""
    frame = KINDS["lossy.webp"]()[12:]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _tag(tag: int, value: int, *, count: int = 1, name: str = "plain.tif") -> Build:
    """A TIFF one of whose tags says something else (a LONG; TIFF 6.0, section 2)."""

    def build() -> bytes:
        good = KINDS[name]()
        directory = int.from_bytes(good[4:8], "little")
        for entry in range(directory + 2, len(good), 12):
            if int.from_bytes(good[entry : entry + 2], "little") == tag:
                return _overwritten(good, entry + 2, struct.pack("<HII", 4, count, value))
        raise AssertionError(f"no tag {tag} in {name}")

    return build


def _tiff_in_a_circle() -> bytes:
    """The directory is followed by itself."""
    good = _tiff()
    start = int.from_bytes(good[4:8], "little")
    entries = int.from_bytes(good[start : start + 2], "little")
    return _overwritten(good, start + 2 + 12 * entries, struct.pack("<I", start))


def _heic(box: bytes, at: int, value: bytes) -> Build:
    return lambda: _overwritten(make.heic(), make.heic().index(box) + at, value)


WIDTH, BITS, COMPRESSION, OFFSETS, SAMPLES = 256, 258, 259, 273, 277
ROWS_A_STRIP, COUNTS, PLANES = 278, 279, 284
MOST = 0xFFFFFFFF

CONTRADICTIONS: dict[str, tuple[str, Build]] = {
    "sampling of 4 by 4 in one channel": ("s.jpg", _jpeg(b"\xff\xc0", 11, b"\x44")),
    "two channels of one number": ("c.jpg", _jpeg(b"\xff\xc0", 13, b"\x01")),
    "a code table that is longer than its segment": ("h.jpg", _jpeg(b"\xff\xc4", 5, b"\xff" * 16)),
    "a frame that needs a table of quantities not given": ("q.jpg", _jpeg(b"\xff\xc0", 12, b"\3")),
    "a segment of no length": ("l.jpg", _jpeg(b"\xff\xdb", 2, b"\0\0")),
    "a palette of colours without a palette": ("p.png", _png(3, 8)),
    "sixteen bits where eight are given": ("16.png", _png(2, 16)),
    "grey of one bit where colours are given": ("1.png", _png(0, 1)),
    "a canvas smaller than its frame": ("c.webp", partial(_webp_with_canvas, 100, 100)),
    "a canvas larger than its frame": ("l.webp", partial(_webp_with_canvas, 5000, 5000)),
    "wider than its strips": ("w.tif", _tag(WIDTH, 4000)),
    "64 bits a sample": ("b.tif", _tag(BITS, 64)),
    "fax coding of colours": ("f.tif", _tag(COMPRESSION, 4)),
    "strips behind the end": ("o.tif", _tag(OFFSETS, MOST - 7, name="lzw.tif")),
    "255 samples a pixel": ("n.tif", _tag(SAMPLES, 255, name="lzw.tif")),
    "no rows in a strip": ("r.tif", _tag(ROWS_A_STRIP, 0, name="lzw.tif")),
    "a strip of four gigabytes": ("g.tif", _tag(COUNTS, MOST, name="jpeg.tif")),
    "planes that are not there": ("pl.tif", _tag(PLANES, 2, name="lzw.tif")),
    "directories in a circle": ("circle.tif", _tiff_in_a_circle),
    "an extent behind the end": ("e.heic", _heic(b"iloc", -4, b"\0\0\xff\xff")),
}


def _rows() -> list[tuple[str, str, Build]]:
    chance = [
        row
        for name in KINDS
        for row in (
            (f"{name} cut", name, partial(_truncated, name)),
            (f"{name}, bits of its header flipped", name, partial(_flipped, name, first=HEADER)),
            (f"{name}, bits flipped", name, partial(_flipped, name, first=1 << 30)),
        )
    ]
    return chance + [(what, name, build) for what, (name, build) in CONTRADICTIONS.items()]


CRASHES = tuple(
    BadInput(f"B095-{number:02}", what, build, name, "any")
    for number, (what, name, build) in enumerate(_rows(), 1)
)
