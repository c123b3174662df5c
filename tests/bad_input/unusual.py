"""B021–B052: photos that are unusual and right, and files that only look like photos."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from PIL import Image, ImageOps

from tests.bad_input import pictures as make
from tests.bad_input.rows import Answer, BadInput

Build = Callable[[], bytes]


def _grey() -> Image.Image:
    return make.drawn().convert("L").convert("RGB")


def _as(mode: str, kind: str, **options: object) -> Build:
    return lambda: make.saved(make.drawn().convert(mode), kind, **options)


def _frame_marker(code: int) -> Build:
    """A JPEG that claims another way of coding (ITU T.81, table B.1)."""
    return lambda: make.jpeg().replace(b"\xff\xc0", bytes((0xFF, code)), 1)


def _twelve_bits() -> bytes:
    file = bytearray(make.jpeg())
    file[file.index(b"\xff\xc0") + 4] = 12
    return bytes(file)


def _ycck() -> bytes:
    """CMYK whose first three channels are stored as luma and chroma, as Photoshop writes them."""
    channels = ImageOps.invert(make.drawn()).convert("YCbCr").split()
    inks = [ImageOps.invert(channel) for channel in channels]  # Pillow inverts them once more
    inks.append(Image.new("L", make.drawn().size, 0))
    file = bytearray(make.saved(Image.merge("CMYK", inks), "JPEG", quality=95))
    file[file.index(b"Adobe") + 11] = 2
    return bytes(file)


def _rgb16_png() -> bytes:
    width, height = make.drawn().size
    pixels = make.drawn().tobytes()
    rows = (pixels[at : at + 3 * width] for at in range(0, len(pixels), 3 * width))
    body = b"".join(b"\0" + bytes(b for value in row for b in (value, value)) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return (
        make.PNG_SIGNATURE
        + make.chunk(b"IHDR", header)
        + make.chunk(b"IDAT", zlib.compress(body))
        + make.chunk(b"IEND", b"")
    )


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))


def _interlaced_png() -> bytes:
    """A grey PNG in the seven passes of the PNG standard, section 8."""
    grey = make.drawn().convert("L")
    width, height = grey.size
    passes = (*_ADAM7, (0, 1, 1, 2))
    rows = [
        b"\0" + bytes(grey.crop((0, y, width, y + 1)).tobytes()[x0::step_x])
        for x0, y0, step_x, step_y in passes
        for y in range(y0, height, step_y)
    ]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)
    return (
        make.PNG_SIGNATURE
        + make.chunk(b"IHDR", header)
        + make.chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + make.chunk(b"IEND", b"")
    )


def _half_transparent() -> Image.Image:
    layer = make.drawn().convert("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize(layer.size))
    return layer


def _on_white() -> Image.Image:
    paper = Image.new("RGB", make.drawn().size, (255, 255, 255))
    paper.paste(_half_transparent(), mask=_half_transparent().getchannel("A"))
    return paper


def _paletted() -> Image.Image:
    return make.drawn().quantize(64)


def _two_tone() -> Image.Image:
    return make.drawn().convert("1")


def _tiled_tiff() -> bytes:
    """An uncompressed grey TIFF in tiles of 64 × 64 (TIFF 6.0, section 15)."""
    grey = make.drawn().convert("L")
    width, height = grey.size
    corners = [(x, y) for y in range(0, height, 64) for x in range(0, width, 64)]
    tiles = [grey.crop((x, y, x + 64, y + 64)).tobytes() for x, y in corners]
    count, entries = len(tiles), 9
    lists_at = 8 + 2 + 12 * entries + 4
    tiles_at = lists_at + 8 * count
    offsets = [tiles_at + 4096 * n for n in range(count)]
    tags = (
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (322, 4, 1, 64),
        (323, 4, 1, 64),
        (324, 4, count, lists_at),
        (325, 4, count, lists_at + 4 * count),
    )
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    lists = struct.pack(f"<{2 * count}I", *offsets, *[4096] * count)
    start = b"II*\0" + struct.pack("<IH", 8, entries)
    return start + directory + bytes(4) + lists + b"".join(tiles)


def _animated(kind: str, **options: object) -> Build:
    other = Image.new("RGB", make.drawn().size, (0, 0, 90))
    return lambda: make.saved(
        make.drawn(), kind, save_all=True, append_images=[other] * 3, **options
    )


def _gain_map() -> bytes:
    """A phone's HDR photo: the picture, and behind it a small grey map of gains."""
    gains = make.drawn().convert("L").resize((64, 48))
    return make.saved(make.drawn(), "MPO", save_all=True, append_images=[gains], quality=90)


_VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(4000)
_LIVE_PHOTO = b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(400)
_JPEG_XL = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(200)


def _raw() -> bytes:
    return make.saved(make.drawn(), "TIFF", tiffinfo={50706: b"\1\4\0\0"})


def _right(
    row: str,
    what: str,
    build: Build,
    like: Callable[[], Image.Image] = make.drawn,
    *,
    notice: str = "",
    tolerance: float = 8.0,
) -> BadInput:
    """An accepted photo that has to look as it should."""
    name = f"{row.lower()}.jpg"
    return BadInput(
        row, what, build, name, "accepted", notice=notice, looks_like=like, tolerance=tolerance
    )


def _not(row: str, what: str, build: Build, expected: Answer, says: str) -> BadInput:
    return BadInput(row, what, build, f"{row.lower()}.jpg", expected, says)


_FIRST_PAGE, _FIRST_PICTURE = "Only its first page", "Only the first picture"

UNUSUAL = (
    _right("B021", "progressive JPEG", make.progressive_jpeg),
    _right("B022", "grey JPEG", _as("L", "JPEG", quality=90), _grey),
    _right("B023", "CMYK JPEG", _as("CMYK", "JPEG", quality=95), notice="print colours"),
    _right("B024", "YCCK JPEG", _ycck, notice="print colours", tolerance=12),
    _not("B025", "12-bit JPEG", _twelve_bits, 422, "header is damaged"),
    _not(
        "B026",
        "JPEG that claims arithmetic coding",
        _frame_marker(0xC9),
        "unreadable",
        "arithmetic",
    ),
    _not("B027", "lossless JPEG", _frame_marker(0xC3), "unreadable", ""),
    _right("B029", "16-bit colour PNG", _rgb16_png, tolerance=1),
    _right(
        "B030",
        "palette PNG with a transparent colour",
        lambda: make.saved(_paletted(), "PNG", transparency=0),
        notice="laid on white",
        tolerance=40,
    ),
    _right("B031", "RGBA PNG", lambda: make.saved(_half_transparent(), "PNG"), _on_white),
    _right("B032", "grey PNG with alpha", _as("LA", "PNG"), _grey, notice="laid on white"),
    _right(
        "B033",
        "1-bit PNG",
        lambda: make.saved(_two_tone(), "PNG"),
        lambda: _two_tone().convert("RGB"),
        tolerance=0,
    ),
    _right("B034", "interlaced PNG", _interlaced_png, _grey, tolerance=0),
    _not("B035", "TIFF of floats", _as("F", "TIFF"), 422, "measured values"),
    _right("B036", "TIFF of four pages", _animated("TIFF"), notice=_FIRST_PAGE, tolerance=0),
    _right("B037", "BigTIFF", _as("RGB", "TIFF", big_tiff=True), tolerance=0),
    _right("B038", "tiled TIFF", _tiled_tiff, _grey, tolerance=0),
    _right("B039a", "LZW in TIFF", _as("RGB", "TIFF", compression="tiff_lzw"), tolerance=0),
    _right("B039b", "deflate in TIFF", _as("RGB", "TIFF", compression="tiff_adobe_deflate")),
    _right("B039c", "JPEG in TIFF", _as("RGB", "TIFF", compression="jpeg"), tolerance=15),
    _not("B040", "animated GIF", _animated("GIF"), 415, "a GIF"),
    _right("B041", "animated WebP", _animated("WEBP", quality=90), notice=_FIRST_PICTURE),
    _right("B042", "animated PNG", _animated("PNG"), notice=_FIRST_PICTURE, tolerance=0),
    _right("B044", "JPEG with a gain map", _gain_map),
    _right("B045", "motion photo", lambda: make.jpeg() + _VIDEO),
    _right("B046", "HEIC", make.heic, lambda: _heic("plain"), tolerance=0),
    _right("B047", "HEIC of a burst", lambda: make.heic("burst"), lambda: _heic("burst")),
    _right("B048", "rotated HEIC", lambda: make.heic("rotated"), lambda: _heic("plain")),
    _not("B049", "the video of a live photo", lambda: _LIVE_PHOTO, 415, "a video"),
    _not("B051", "JPEG XL", lambda: _JPEG_XL, 415, "a JPEG XL picture"),
    _not("B052", "DNG", _raw, 415, "as JPEG"),
)


def _heic(name: str) -> Image.Image:
    with Image.open(make.SAMPLES / f"{name}.heic") as picture:
        return picture.convert("RGB")
