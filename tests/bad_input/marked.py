"""B060–B078: photos whose EXIF, colour profile or comment is odd, hostile or very long."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image, ImageCms
from PIL.ExifTags import GPS, IFD, Base

from tests.bad_input import pictures as make
from tests.bad_input.rows import BadInput

ORIENTATION = 0x0112
XSS = "<script>alert(1)</script>"
STORED_FOR = {  # how an upright picture has to lie in the file for its mark to turn it back
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """The drawn photo as a camera held in another way would store it."""
    turn = STORED_FOR.get(orientation)
    stored = make.drawn() if turn is None else make.drawn().transpose(turn)
    options: dict[str, object] = {"lossless": True} if kind == "WEBP" else {}
    return make.saved(stored, kind, exif=exif({ORIENTATION: orientation}), **options)


def exif(
    main: dict[int, object], detail: dict[int, object] | None = None, gps: object = None
) -> Image.Exif:
    block = Image.Exif()
    for tag, value in main.items():
        block[tag] = value
    block.get_ifd(IFD.Exif).update(detail or {})
    if isinstance(gps, dict):
        block.get_ifd(IFD.GPSInfo).update(gps)
    return block


def _with(
    main: dict[int, object], detail: dict[int, object] | None = None, gps: object = None
) -> bytes:
    return make.saved(make.drawn(), "JPEG", quality=90, exif=exif(main, detail, gps))


def located() -> bytes:
    """A photo that says where, by whom and with which camera it was taken."""
    place = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (52.0, 30.0, 0.0),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (13.0, 24.0, 0.0),
    }
    return _with({Base.Model: "Camera X"}, {Base.BodySerialNumber: "SN-4711"}, place)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _with_segments(*segments: bytes) -> bytes:
    good = make.jpeg()
    return good[:2] + b"".join(segments) + good[2:]


def _exif_segment(tiff: bytes) -> bytes:
    return _segment(0xE1, b"Exif\0\0" + tiff)


def _loop() -> bytes:
    """A directory whose pointers lead to itself."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return _with_segments(
        _exif_segment(b"II*\0" + struct.pack("<IH", 8, 1) + entry + b"\x08\0\0\0")
    )


def _xmp(megabytes: int) -> bytes:
    """XMP in as many segments as it takes, each with the header of extended XMP."""
    head = b"http://ns.adobe.com/xmp/extension/\0"
    return _with_segments(*[_segment(0xE1, head + bytes(65_000))] * (megabytes * 16))


def _profile(content: bytes) -> Callable[[], bytes]:
    return lambda: make.saved(make.drawn(), "JPEG", quality=90, icc_profile=content)


def _print_profile() -> bytes:
    """A profile that says CMYK where the pixels are RGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    return make.saved(make.drawn(), "JPEG", quality=90, icc_profile=bytes(profile))


def _other_thumbnail() -> bytes:
    """An EXIF thumbnail of what was cropped away."""
    cropped = make.saved(Image.new("RGB", (64, 48), (250, 0, 0)), "JPEG")
    first = struct.pack("<H", 0) + struct.pack("<I", 14)
    second = struct.pack("<H", 3)
    second += struct.pack("<HHII", 259, 3, 1, 6)
    second += struct.pack("<HHII", 513, 4, 1, 14 + 2 + 36 + 4)
    second += struct.pack("<HHII", 514, 4, 1, len(cropped)) + bytes(4)
    return _with_segments(_exif_segment(b"II*\0\x08\0\0\0" + first + second + cropped))


def _row(
    row: str, what: str, build: Callable[[], bytes], *, notice: str = "", tolerance: float = 8.0
) -> BadInput:
    return BadInput(
        row,
        what,
        build,
        f"{row.lower()}.jpg",
        "accepted",
        notice=notice,
        looks_like=make.drawn,
        tolerance=tolerance,
    )


MARKED = (
    *(
        _row(f"B06{number - 1}", f"orientation {number}", lambda number=number: turned(number))  # type: ignore[misc]  # bound
        for number in range(1, 9)
    ),
    *(
        _row(
            f"B068-{number}",
            f"orientation {number}",
            lambda number=number: turned(number),  # type: ignore[misc]  # bound
            notice="rotation mark is invalid",
        )
        for number in (0, 99, 65_535)
    ),
    _row("B069", "EXIF that points to itself", _loop),
    _row("B070", "EXIF of 60 kB of junk", lambda: _with_segments(_exif_segment(b"\xa5" * 60_000))),
    _row("B071", "a photo that says where it was taken", located),
    _row(
        "B072", "script in its EXIF", lambda: _with({Base.ImageDescription: XSS, Base.Model: XSS})
    ),
    _row("B073a", "no date", lambda: _with({}, {Base.DateTimeOriginal: "0000:00:00 00:00:00"})),
    _row("B073b", "year 9999", lambda: _with({}, {Base.DateTimeOriginal: "9999:12:31 23:59:59"})),
    _row(
        "B073c", "tomorrow's year", lambda: _with({}, {Base.DateTimeOriginal: "2099:01:01 0:0:0"})
    ),
    _row("B074", "colour profile of junk", _profile(b"\x5a" * 60_000)),
    _row("B075", "profile of print colours", _print_profile),
    _row("B076", "XMP of 10 MB", lambda: _xmp(10)),
    _row("B077", "another picture as its thumbnail", _other_thumbnail),
    _row("B078", "comment of 64 kB", lambda: _with_segments(_segment(0xFE, b"c" * 65_533))),
)
