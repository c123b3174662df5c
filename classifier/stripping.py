"""A photo without what its camera wrote into it: no pixel is decoded, so none can change.

Free of Django. Colour profiles stay, for colours would change without them, and of the EXIF block
the orientation alone, for the photo would lie on its side. HEIC and TIFF weave their metadata into
the addresses of the pixels: there nothing moves, and whatever makes no picture becomes zeros.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from classifier import tiff_directories
from ml_training.heic_header import read_heic_places

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # ends a scan; restarts and stuffing do not
_JFIF, _ICC, _ADOBE = b"\xe0", b"\xe2", b"\xee"
_START, _END, _SCAN, _COMMENT = b"\xff\xd8", b"\xd9", b"\xda", b"\xfe"
_PNG_TEXTS = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04
_EMPTY_EXIF = struct.pack(">I", 0) + b"MM\0*" + struct.pack(">IHI", 8, 0, 0)
"""Of a HEIC: where its TIFF block begins, and one without an entry."""


def without_metadata(photo: bytes, media_type: str, *, orientation: int) -> bytes:
    """Return the photo without metadata; raises ValueError where its structure cannot be followed.

    `orientation` is the EXIF value (1–8) that the photo was read with; other than 1 it is kept.
    """
    try:
        return _STRIPPERS[media_type](photo, _exif(orientation))
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError("The photo ends in the middle of a segment.") from error


def _exif(orientation: int) -> bytes:
    """A TIFF block that holds the orientation and nothing else; empty for an upright photo."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)


def _jpeg(photo: bytes, exif: bytes) -> bytes:
    block = b"Exif\0\0" + exif
    mark = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block if exif else b""
    return b"".join((_START, mark, *_kept_segments(photo)))


def _kept_segments(photo: bytes) -> Iterator[bytes]:
    """The segments that make the picture, up to its end: what follows are previews and films."""
    at = 2
    while True:
        found = _MARKER.search(photo, at)
        if found is None:
            raise ValueError("The photo has no end.")
        yield photo[at : found.start()] if at > 2 else b""
        kind, start = photo[found.start() + 1 : found.end()], found.start()
        if kind == _END:
            yield photo[start : found.end()]
            return
        (length,) = struct.unpack_from(">H", photo, found.end())
        at = found.end() + length
        if _makes_the_picture(kind, photo[found.end() + 2 : at]):
            yield photo[start:at]


def _makes_the_picture(kind: bytes, content: bytes) -> bool:
    if kind == _ICC:
        return content.startswith(b"ICC_PROFILE\0")
    is_application = b"\xe0" <= kind <= b"\xef"
    return kind in (_JFIF, _ADOBE) or not (is_application or kind == _COMMENT)


def _png(photo: bytes, exif: bytes) -> bytes:
    parts, at = [photo[:8]], 8
    while at < len(photo):
        (length,) = struct.unpack_from(">I", photo, at)
        kind, end = photo[at + 4 : at + 8], at + 12 + length
        if kind not in _PNG_TEXTS:
            parts.append(photo[at:end])
        if kind == b"IHDR" and exif:
            checked = b"eXIf" + exif
            parts.append(
                struct.pack(">I", len(exif)) + checked + struct.pack(">I", zlib.crc32(checked))
            )
        if kind == b"IEND":
            return b"".join(parts)
        at = end
    raise ValueError("The photo has no end.")


def _webp(photo: bytes, exif: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(photo):
        kind = photo[at : at + 4]
        (length,) = struct.unpack_from("<I", photo, at + 4)
        end = at + 8 + length + length % 2
        if kind == b"VP8X":
            flags = photo[at + 8] & ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP)
            flags |= _WEBP_HAS_EXIF if exif else 0
            parts.append(photo[at : at + 8] + bytes([flags]) + photo[at + 9 : end])
        elif kind not in (b"EXIF", b"XMP "):
            parts.append(photo[at:end])
        at = end
    if exif:
        parts.append(b"EXIF" + struct.pack("<I", len(exif)) + exif)
    content = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _heic(photo: bytes, _: bytes) -> bytes:
    """It is turned by its own boxes, not by its EXIF block."""
    places = read_heic_places(photo)
    if any(start + length > len(photo) for start, length in (*places.pictures, *places.exif)):
        raise ValueError("The photo ends in the middle of a picture.")
    plain = bytearray(len(photo))
    for start, length in (*places.frame, *places.pictures):
        plain[start : start + length] = photo[start : start + length]
    for start, length in places.exif:
        if length >= len(_EMPTY_EXIF):
            plain[start : start + len(_EMPTY_EXIF)] = _EMPTY_EXIF
    return bytes(plain)


def _tiff(photo: bytes, _: bytes) -> bytes:
    """Its orientation is one of the fields of the picture."""
    return tiff_directories.pictures_of(photo)


_STRIPPERS = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/heic": _heic,
    "image/tiff": _tiff,
}
