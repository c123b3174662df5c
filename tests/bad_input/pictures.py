"""Small good pictures and the tools to spoil them. Everything is built when it is asked for."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path

from PIL import Image

from ml_training.synthetic import draw_photo

SAMPLES = Path(__file__).parent / "samples"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@cache
def drawn() -> Image.Image:
    """A small drawn photo of a cracked wall: real texture, so that files have real length."""
    return draw_photo(seed=11, cracked=True, width=256, height=192, scene="wall panel").image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@cache
def jpeg() -> bytes:
    return saved(drawn(), "JPEG", quality=90)


@cache
def progressive_jpeg() -> bytes:
    return saved(drawn(), "JPEG", quality=90, progressive=True)


@cache
def jpeg_with_restarts() -> bytes:
    return saved(drawn(), "JPEG", quality=90, restart_marker_rows=1)


@cache
def png() -> bytes:
    return saved(drawn(), "PNG")


def heic(name: str = "plain") -> bytes:
    """One of the tiny HEIC samples, encoded once from a drawn photo: no encoder is installed."""
    return (SAMPLES / f"{name}.heic").read_bytes()


# --- PNG by hand ----------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes, *, good_crc: bool = True) -> bytes:
    crc = zlib.crc32(kind + body) ^ (0 if good_crc else 0xFFFF)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png_header(width: int, height: int, *, bits: int = 8, good_crc: bool = True) -> bytes:
    body = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", body, good_crc=good_crc)


@cache
def zeros(count: int) -> bytes:
    """Millions of zeros as a zlib stream, without ever holding them."""
    packer, block = zlib.compressobj(1), bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(block[: count % (1 << 20)]), packer.flush()])


@cache
def black_png(width: int, height: int, *, bits: int = 8) -> bytes:
    row = 1 + (width * bits + 7) // 8
    return (
        png_header(width, height, bits=bits)
        + chunk(b"IDAT", zeros(row * height))
        + chunk(b"IEND", b"")
    )


def png_with(extra: bytes) -> bytes:
    """The good PNG with one more chunk behind its header."""
    good, at = png(), len(PNG_SIGNATURE) + 25
    return good[:at] + extra + good[at:]


def grey16_png(width: int = 256, height: int = 192) -> bytes:
    """A 16-bit ramp from black to white: taken for 8 bits it would be white nearly everywhere."""
    row = b"\x00" + b"".join(struct.pack(">H", 65535 * x // (width - 1)) for x in range(width))
    return (
        png_header(width, height, bits=16)
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )


# --- JPEG and WebP by hand ------------------------------------------------------------------------


def jpeg_claiming(width: int, height: int) -> bytes:
    """The good JPEG whose frame header claims another size."""
    good = bytearray(jpeg())
    frame = good.index(b"\xff\xc0")
    good[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(good)


def webp_claiming(width: int, height: int) -> bytes:
    good = bytearray(saved(drawn(), "WEBP", quality=80))
    good[26:30] = struct.pack("<HH", width, height)
    return bytes(good)


def jpeg_scan_start(data: bytes) -> int:
    """Where the entropy-coded pixels of the first scan begin."""
    scan = data.index(b"\xff\xda")
    return scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")


def flipped(data: bytes, *positions: int) -> bytes:
    spoilt = bytearray(data)
    for position in positions:
        spoilt[position] ^= 0xFF
    return bytes(spoilt)
