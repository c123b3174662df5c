"""What a file is, told from its first bytes alone: never from its name. Standard library only."""

from __future__ import annotations

import re

HEAD_BYTES = 1024

# Each kind is worded as it stands in the sentence to a person.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "an EPS drawing"),
    (b"\xc5\xd0\xd3\xc6", "an EPS drawing"),
    (b"BM", "a BMP picture"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"8BPS", "a Photoshop document"),
    (b"DDS ", "a DDS texture"),
    (b"\x01\xda", "an SGI picture"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"FUJIFILMCCD-RAW", "a camera raw file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"push graphic-context", "a vector drawing"),
)
_PNM = re.compile(rb"P[1-7]\s")
_FLIC_MAGICS = (b"\x11\xaf", b"\x12\xaf")

_BRANDS = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"crx ": "a camera raw file",
    b"qt  ": "a video",
    b"isom": "a video",
    b"mp41": "a video",
    b"mp42": "a video",
    b"M4V ": "a video",
    b"3gp4": "a video",
}

_ACCEPTED = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)


def foreign_kind(head: bytes) -> str | None:
    """Name the kind of a file of another type than a photo ("a GIF picture"); None if unknown."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if _PNM.match(head):
        return "a PNM picture"
    if head[4:6] in _FLIC_MAGICS and not head.startswith(b"\xff\xd8"):
        return "an animation"
    if head[:4] in (b"II*\x00", b"MM\x00*") and head[8:10] == b"CR":
        return "a camera raw file"
    return _from_brands(head) or _from_markup(head)


def accepted_kind(head: bytes) -> str | None:
    """Name the accepted type the first bytes promise: JPEG, PNG, TIFF, WebP or HEIC."""
    for signature, kind in _ACCEPTED:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return "HEIC" if head[4:8] == b"ftyp" else None


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Width and height a WebP claims (RFC 9649), None for other types.

    Asked before libwebp is: that reserves the whole picture as soon as it sees the header.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    sides = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return next(sides), next(sides)


def _from_brands(head: bytes) -> str | None:
    """Look into the `ftyp` box of ISO 14496-12: a HEIC that also claims AVIF holds AVIF."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return _BRANDS[b"avif"]
    return _BRANDS.get(brands[0])


def _from_markup(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    if b"<svg" in text:
        return "an SVG drawing"
    return "an XML file" if text.startswith((b"<?xml", b"<image")) else None


_MARKER = re.compile(rb"\xff+([\x01-\xfe])")
_EOI, _SOS, _DRI, _DAC, _FIRST_RESTART = 0xD9, 0xDA, 0xDD, 0xCC, 0xD0


def is_arithmetic(data: bytes) -> bool:
    """Whether a JPEG's frame says that it is coded arithmetically (ITU T.81, table B.1).

    One wrong bit says so of any JPEG, and libjpeg then makes noise of it without a complaint.
    """
    at = 2
    while (marker := _MARKER.match(data, at)) is not None:
        code, at = marker[1][0], marker.end()
        if code in (_EOI, _SOS):
            return False
        if 0xC9 <= code <= 0xCF and code != _DAC:
            return True
        at += int.from_bytes(data[at : at + 2], "big")
    return False


def restarts_in_order(data: bytes) -> bool:
    """Whether the restart markers of a JPEG count 0 to 7 and around, as ITU T.81 wants them.

    libjpeg repairs a wrong count silently by shifting or repeating strips of the picture; a crack
    in such a picture may stand elsewhere or be missing.
    """
    at, has_restarts = 2, False
    while (marker := _MARKER.match(data, at)) is not None:
        code, at = marker[1][0], marker.end()
        has_restarts = has_restarts or code == _DRI
        if code == _EOI or (code == _SOS and not has_restarts):
            return True
        at += int.from_bytes(data[at : at + 2], "big")
        if code == _SOS:
            after = _end_of_scan(data, at)
            if after is None:
                return False
            at = after
    return True


def _end_of_scan(data: bytes, start: int) -> int | None:
    """Where the marker after a scan stands; None if a restart marker came out of turn."""
    for due, marker in enumerate(_MARKER.finditer(data, start)):
        code = marker[1][0]
        if not _FIRST_RESTART <= code < _FIRST_RESTART + 8:
            return marker.start()
        if code != _FIRST_RESTART + due % 8:
            return None
    return len(data)
