"""Every row of the bad-input table that concerns a file's bytes or its name, with its answer.

`ROWS` serves the tests of the decoder (here) and of uploading (the site's): a row is accepted,
stored and then found unreadable, or refused with a status. Row names are those of the reliability
plan; a letter marks several files for one row.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

from PIL import Image

from tests.bad_input import pictures as make
from tests.bad_input.costly import COSTLY
from tests.bad_input.crashes import CRASHES
from tests.bad_input.marked import MARKED
from tests.bad_input.names import EMPTY_PATHS, ODD_NAMES, TRAVERSALS
from tests.bad_input.rows import Answer, BadInput
from tests.bad_input.unusual import UNUSUAL

__all__ = ["NAMES", "ROWS", "Answer", "BadInput"]


def _cut(share: float) -> bytes:
    good = make.jpeg()
    return good[: int(len(good) * share)]


def _rotten() -> bytes:
    spoilt = bytearray(make.jpeg())
    for at in range(997, len(spoilt), 997):
        spoilt[at] = 0xFF
    return bytes(spoilt)


def _one_byte_flipped() -> bytes:
    good = make.jpeg()
    return make.flipped(good, make.jpeg_scan_start(good) + 500)


def _progressive_cut_at_second_scan() -> bytes:
    good = make.progressive_jpeg()
    first = good.index(b"\xff\xda")
    second = good.index(b"\xff\xda", first + 2)
    return good[: second + 40]


def _noise(count: int) -> bytes:
    return random.Random(93).randbytes(count)


def _avif(brand: bytes) -> bytes:
    file = bytearray(make.saved(make.drawn(), "AVIF", quality=40, speed=10))
    file[8:12] = brand
    return bytes(file)


def _two_jpegs() -> bytes:
    return make.jpeg() + make.saved(Image.new("RGB", make.drawn().size), "JPEG")


def _two_pictures() -> bytes:
    second = make.drawn().resize((64, 48))
    return make.saved(make.drawn(), "MPO", save_all=True, append_images=[second])


def _forty_eight_megapixels() -> Image.Image:
    """Grey, with a dark quarter."""
    image = Image.new("L", (8000, 6000), 120)
    image.paste(30, (0, 0, 4000, 3000))
    return image


def _gif_with_huge_frame() -> bytes:
    file = bytearray(make.saved(make.drawn(), "GIF"))
    file[6:10] = b"\xff\xff\xff\xff"
    return bytes(file)


DAMAGED = (
    BadInput("B001", "no bytes", lambda: b"", "empty.jpg", 422, "is empty"),
    BadInput("B002", "one byte", lambda: b"\xff", "one.jpg", 422, "is not a photo"),
    BadInput("B003", "start and end only", lambda: b"\xff\xd8\xff\xd9", "stub.jpg", 422, "damaged"),
    BadInput("B004", "cut in the header", lambda: make.jpeg()[:20], "cut.jpg", 422, "damaged"),
    BadInput("B005", "cut at half", lambda: _cut(0.5), "half.jpg", "unreadable", "cut off"),
    BadInput("B006", "10 bytes short", lambda: make.jpeg()[:-10], "short.jpg", "unreadable"),
    BadInput("B007", "no end marker", lambda: make.jpeg()[:-2], "endless.jpg", "unreadable"),
    BadInput("B008", "bit rot", _rotten, "rotten.jpg", "unreadable", "damaged"),
    BadInput("B009", "one flipped byte", _one_byte_flipped, "flipped.jpg", "accepted"),
    BadInput(
        "B010",
        "PNG header with a wrong check sum",
        lambda: make.png_header(100, 100, good_crc=False) + make.png()[33:],
        "crc.png",
        422,
        "begins like a PNG photo",
    ),
    BadInput(
        "B011",
        "PNG end with a wrong check sum",
        lambda: make.png()[:-4] + b"rot!",
        "end.png",
        "accepted",
    ),
    BadInput(
        "B012",
        "PNG of no width",
        lambda: make.png_header(0, 100) + make.chunk(b"IEND", b""),
        "thin.png",
        422,
        "damaged",
    ),
    BadInput(
        "B013",
        "PNG with too few pixels",
        lambda: (
            make.png_header(256, 192)
            + make.chunk(b"IDAT", zlib.compress(bytes(2000)))
            + make.chunk(b"IEND", b"")
        ),
        "few.png",
        "unreadable",
        "cut off",
    ),
    BadInput("B014", "HEIC cut", lambda: make.heic()[:700], "cut.heic", "unreadable", "cut off"),
    BadInput(
        "B014b",
        "HEIC with an item type that is no text: ends a process that gives it to libheif's binding",
        lambda: make.heic("rotated").replace(b"Exif\0", b"E\xff\xff\xff\0", 1),
        "type.heic",
        422,
        "damaged",
    ),
    BadInput("B015", "HEIC start only", lambda: make.heic()[:24], "start.heic", 422, "HEIC photo"),
    BadInput("B016", "AVIF as HEIC", lambda: _avif(b"mif1"), "IMG_1.heic", 415, "an AVIF picture"),
    BadInput(
        "B017",
        "JPEG with a wrong restart marker",
        lambda: make.jpeg_with_restarts().replace(b"\xff\xd1", b"\xff\xd5", 1),
        "restart.jpg",
        "unreadable",
        "damaged",
    ),
    BadInput("B018", "two JPEGs", _two_jpegs, "two.jpg", "accepted", looks_like=make.drawn),
    BadInput("B019", "progressive cut", _progressive_cut_at_second_scan, "p.jpg", "unreadable"),
    BadInput("B020", "empty part of a form", lambda: b"", "empty.jpg", 400, "is empty"),
)

SIZES = (
    BadInput("B028", "16-bit grey PNG", make.grey16_png, "grey.png", "accepted"),
    BadInput(
        "B043",
        "two pictures (MPO)",
        _two_pictures,
        "portrait.jpg",
        "accepted",
        looks_like=make.drawn,
    ),
    BadInput("B050", "AVIF", lambda: _avif(b"avif"), "new.avif", 415, "an AVIF picture"),
    BadInput("B053", "one pixel", lambda: make.black_png(1, 1), "dot.png", 422, "at least 64"),
    BadInput("B054", "64 × 64", lambda: make.black_png(64, 64), "small.png", "accepted"),
    BadInput("B055", "a line", lambda: make.black_png(65_500, 1), "line.png", 422, "at least 64"),
    BadInput("B055b", "a strip", lambda: make.black_png(1400, 64), "strip.png", 422, "as long as"),
    BadInput("B056", "a column", lambda: make.black_png(1, 20_000), "column.png", 422, "at least"),
    BadInput(
        "B057",
        "48 megapixels",
        lambda: make.saved(_forty_eight_megapixels(), "JPEG", quality=60),
        "large.jpg",
        "accepted",
        looks_like=lambda: _forty_eight_megapixels().convert("RGB"),
    ),
    BadInput(
        "B058a", "108 Mpx", lambda: make.jpeg_claiming(12_000, 9000), "108.jpg", 413, "108 mega"
    ),
    BadInput(
        "B058b", "200 Mpx", lambda: make.jpeg_claiming(16_320, 12_240), "200.jpg", 413, "199.8 mega"
    ),
    BadInput(
        "B059",
        "panorama of 60 megapixels",
        lambda: make.jpeg_claiming(20_000, 3000),
        "panorama.jpg",
        413,
        "up to 50 megapixels",
    ),
)

BOMBS = (
    BadInput(
        "B079",
        "PNG claiming 100,000 × 100,000",
        lambda: make.png_header(100_000, 100_000) + make.chunk(b"IDAT", zlib.compress(b"\0")),
        "claim.png",
        422,
        "damaged",
    ),
    BadInput(
        "B080", "144 Mpx of zeros", lambda: make.black_png(12_000, 12_000), "z.png", 413, "144 mega"
    ),
    BadInput(
        "B081",
        "900 megapixels of one bit",
        lambda: make.black_png(30_000, 30_000, bits=1),
        "bits.png",
        413,
        "900 megapixels",
    ),
    BadInput(
        "B082",
        "PNG text of 64 MB",
        lambda: make.png_with(make.chunk(b"zTXt", b"Comment\0\0" + make.zeros(64 << 20))),
        "text.png",
        422,
        "damaged",
    ),
    BadInput(
        "B083",
        "PNG colour profile of 64 MB",
        lambda: make.png_with(make.chunk(b"iCCP", b"icc\0\0" + make.zeros(64 << 20))),
        "profile.png",
        422,
        "damaged",
    ),
    BadInput("B084", "GIF of huge frames", _gif_with_huge_frame, "frames.gif", 415, "a GIF"),
    BadInput(
        "B085", "large WebP", lambda: make.webp_claiming(16_383, 16_383), "l.webp", 413, "268.5 m"
    ),
    BadInput(
        "B090",
        "41 MB",
        lambda: make.jpeg() + bytes(41_000_000),
        "heavy.jpg",
        413,
        "40 MB: save it as a smaller",
    ),
    BadInput("B093", "8 MB of noise", lambda: _noise(8_000_000), "n.jpg", 422, "is not a photo"),
)

_HTML = b"<!DOCTYPE html><html><script>alert(document.domain)</script></html>"
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
_XXE = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
_ZIP = b"PK\x03\x04" + bytes(40) + b"<?php system($_GET['c']); ?>"
_MVG = b'push graphic-context\nfill "url(https://example.org/x.jpg|ls)"\npop graphic-context\n'


def _other(kind: str, **options: object) -> Callable[[], bytes]:
    return lambda: make.saved(make.drawn().convert("RGB"), kind, **options)


TYPES = (
    BadInput("B096", "a web page", lambda: _HTML, "page.jpg", 422, "is not a photo"),
    BadInput("B097a", "SVG as JPEG", lambda: _SVG, "drawing.jpg", 415, "an SVG drawing"),
    BadInput("B097b", "SVG", lambda: b"<?xml version='1.0'?>\n" + _SVG, "d.svg", 415, "an SVG"),
    BadInput("B098", "GIF and JPEG in one", lambda: b"GIF89a" + make.jpeg(), "g.jpg", 415, "a GIF"),
    BadInput("B099", "JPEG with a tail of HTML", lambda: make.jpeg() + _HTML, "t.jpg", "accepted"),
    BadInput("B100", "JPEG with a tail of ZIP", lambda: make.jpeg() + _ZIP, "z.jpg", "accepted"),
    BadInput("B101", "JPEG named HTML", make.jpeg, "x.html", "accepted"),
    BadInput("B102a", "JPEG named PHP", make.jpeg, "x.jpg.php", "accepted"),
    BadInput("B102b", "PHP before JPEG", make.jpeg, "x.php.jpg", "accepted"),
    BadInput("B102c", "JPEG and PNG", make.jpeg, "x.jpg;.png", "accepted"),
    BadInput("B103a", "a Windows program", lambda: b"MZ" + _noise(900), "exe.jpg", 422, "not a"),
    BadInput("B103b", "a Linux program", lambda: b"\x7fELF" + _noise(900), "e.jpg", 422, "not a"),
    BadInput("B104", "a PDF", lambda: b"%PDF-1.7\n" + _noise(900), "r.jpg", 415, "a PDF document"),
    BadInput("B105", "an EPS", _other("EPS"), "drawing.jpg", 415, "an EPS drawing"),
    BadInput("B106", "a BMP", _other("BMP"), "b.png", 415, "a BMP picture"),
    BadInput("B107", "JPEG 2000", _other("JPEG2000"), "two.jpg", 415, "a JPEG 2000 picture"),
    BadInput("B108a", "a PNM picture", _other("PPM"), "p.jpg", 415, "a PNM picture"),
    BadInput("B108b", "an icon", _other("ICO"), "i.jpg", 415, "an icon"),
    BadInput("B108c", "a Photoshop document", lambda: b"8BPS" + bytes(99), "p.jpg", 415, "Photo"),
    BadInput("B108d", "a DDS texture", _other("DDS"), "d.jpg", 415, "a DDS texture"),
    BadInput(
        "B108e", "an animation", lambda: b"\0\0\0\0\x12\xaf" + bytes(99), "f.jpg", 415, "anim"
    ),
    BadInput("B108f", "an SGI picture", _other("SGI"), "s.jpg", 415, "an SGI picture"),
    BadInput("B109", "an ImageMagick script", lambda: _MVG, "m.jpg", 415, "a vector drawing"),
    BadInput("B110", "XML with an entity", lambda: _XXE, "x.jpg", 415, "an XML file"),
    BadInput("B128", "a ZIP archive", lambda: _ZIP, "photos.zip", 415, "a ZIP archive"),
)


def _named(row: str, filename: str, shown: str) -> BadInput:
    return BadInput(row, "a good photo, oddly named", make.jpeg, filename, "accepted", shown=shown)


NAMES = (
    *(_named(f"B113-{n}", name, "hax0rd.txt") for n, name in enumerate(TRAVERSALS, 1)),
    *(_named(f"B113-{n}", name, "photo") for n, name in enumerate(EMPTY_PATHS, 14)),
    *(_named(*row) for row in ODD_NAMES),
    BadInput("B117", "a name of 10,000 characters", make.jpeg, "a" * 9_996 + ".jpg", 400),
)

ROWS = (*DAMAGED, *UNUSUAL, *SIZES, *MARKED, *BOMBS, *COSTLY, *CRASHES, *TYPES, *NAMES)
