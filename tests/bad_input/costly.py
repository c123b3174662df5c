"""B086–B089 and B112: files made to cost time or memory, and the test string of virus scanners."""

from __future__ import annotations

import struct

from PIL import Image

from tests.bad_input import pictures as make
from tests.bad_input.rows import BadInput


def _heic_claiming(width: int, height: int) -> bytes:
    """A HEIC whose size box (ISO 23008-12, `ispe`) claims another size."""
    file = bytearray(make.heic())
    at = 0
    while (at := file.find(b"ispe", at + 1)) > 0:
        file[at + 8 : at + 16] = struct.pack(">II", width, height)
    return bytes(file)


def _a_thousand_scans() -> bytes:
    """A progressive JPEG whose last scan comes a thousand times."""
    good = make.progressive_jpeg()
    last = good.rindex(b"\xff\xda")
    return good[:last] + good[last:-2] * 1000 + good[-2:]


def _a_hundred_thousand_pages() -> bytes:
    """A TIFF whose directories are a chain of a hundred thousand, most of them empty."""
    first = make.saved(make.drawn().convert("L"), "TIFF")
    start = int.from_bytes(first[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(first[start : start + 2], "little")
    begin = len(first) + len(first) % 2
    chain = b"".join(struct.pack("<HI", 0, begin + 6 * (n + 1)) for n in range(99_999))
    linked = first[:end] + struct.pack("<I", begin) + first[end + 4 :]
    return linked.ljust(begin, b"\0") + chain + bytes(6)


def _two_hundred_megapixels() -> bytes:
    return make.saved(Image.new("L", (16_320, 12_240), 0), "JPEG", quality=30)


_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


def _with_eicar() -> bytes:
    good = make.jpeg()
    return good[:2] + struct.pack(">HH", 0xFFFE, len(_EICAR) + 2) + _EICAR + good[2:]


COSTLY = (
    BadInput(
        "B086",
        "HEIC of 900 megapixels",
        lambda: _heic_claiming(30_000, 30_000),
        "grid.heic",
        413,
        "900 megapixels",
    ),
    BadInput("B087", "a thousand scans", _a_thousand_scans, "scans.jpg", "accepted"),
    BadInput("B088", "100,000 pages", _a_hundred_thousand_pages, "pages.tif", "accepted"),
    BadInput("B089", "200 megapixels", _two_hundred_megapixels, "z.jpg", 413, "199.8 megapixels"),
    BadInput("B112", "the virus scanners' test string", _with_eicar, "eicar.jpg", "accepted"),
)
