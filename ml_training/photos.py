"""The one decoder of the product: what a photo is, whether it will do, and its upright pixels.

Pillow, with HEIC through libheif; neither Keras nor numpy. Everything that goes wrong on the way
leaves this module as a `PhotoError` with a plain sentence.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import pi_heif
from PIL import Image, ImageFile, TiffImagePlugin

from ml_training import photo_pixels, photo_refusals
from ml_training.contracts import PhotoError, PhotoFacts
from ml_training.heic_header import HeicHeader, read_heic_header
from ml_training.photo_formats import (
    HEAD_BYTES,
    accepted_kind,
    foreign_kind,
    is_arithmetic,
    restarts_in_order,
    webp_size,
)
from ml_training.photo_refusals import LIMITS, PhotoLimits

__all__ = ["LIMITS", "PhotoLimits", "inspect", "open_upright", "read_exif"]

T = TypeVar("T")

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")
_MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
}
_NEW_SUBFILE, _SUB_IFDS, _DNG_VERSION = 254, 330, 50706

# Pillow measures every header against this as well. Of libheif's pictures only the main one is ever
# touched, neither thumbnails nor depth maps; AVIF stays unregistered.
Image.MAX_IMAGE_PIXELS = LIMITS.max_pixels
pi_heif.register_heif_opener(
    thumbnails=False, depth_images=False, aux_images=False, decode_threads=2
)


def inspect(source: Path | BinaryIO, *, name: str) -> PhotoFacts:
    """Read the header of a photo and say what it is; no pixel is decoded.

    `name` is the file's name as a person may read it (already cleaned): every refusal begins with
    it. A stream is read from its start and left there. Raises PhotoRefused with `http_status` 413
    (too many bytes or pixels), 415 (a type that is not accepted) or 422 (empty, damaged, too small,
    too narrow); PhotoUnreadable where the file itself cannot be opened.
    """
    head = _checked_head(source, name)
    if accepted_kind(head) == "HEIC":
        return _heic_facts(_heic_header(source, name, head))
    with _opened(source, name) as photo:
        return _guarded(lambda: _facts(photo), name, head)


def open_upright(
    source: Path, *, max_side: int | None = None, name: str = "This photo"
) -> Image.Image:
    """Decode a photo completely: 8-bit RGB in sRGB, upright, without any metadata.

    Rotated once by its EXIF (or HEIC) mark, 16-bit greys scaled, transparency laid on white. With
    `max_side` the long side is at most that many pixels; smaller photos stay as they are. Raises
    PhotoRefused as `inspect` does, PhotoUnreadable where pixels are damaged, cut off or missing.
    """
    with _opened(source, name) as photo:
        try:
            if photo.format in ("JPEG", "MPO"):
                _check_coding(source.read_bytes(), name)
            return photo_pixels.upright(photo, max_side)
        except PhotoError:
            raise
        except Exception as problem:
            raise photo_refusals.unreadable(problem, name) from problem


def read_exif(source: Path) -> Image.Exif:
    """Read the EXIF block of a photo; empty where there is none or it cannot be read.

    Entries are as the file has them: any tag may be missing, of another type or nonsense. Raises
    PhotoRefused as `inspect` does.
    """
    name = "This photo"
    head = _checked_head(source, name)
    if accepted_kind(head) == "HEIC":
        return photo_pixels.exif_from(_heic_header(source, name, head).exif)
    with _opened(source, name) as photo:
        return photo_pixels.exif(photo)


def _check_coding(jpeg: bytes, name: str) -> None:
    """Refuse what libjpeg would decode into a picture that was never taken."""
    if is_arithmetic(jpeg):
        raise photo_refusals.arithmetic(name)
    if not restarts_in_order(jpeg):
        raise photo_refusals.damaged(name)


# --- Opening --------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[ImageFile.ImageFile]:
    """The photo with its header read and found acceptable. Pillow's warnings stay inside."""
    # Other libraries switch this on for the whole process when they are imported (WeasyPrint does):
    # what is cut off would be filled with grey and judged.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        head = _checked_head(source, name)
        if accepted_kind(head) == "HEIC":
            _heic_header(source, name, head)
        with _guarded(lambda: _open(source), name, head) as photo:
            _guarded(lambda: _check(photo, name), name, head)
            yield photo
    if not isinstance(source, Path):
        source.seek(0)


def _open(source: Path | BinaryIO) -> ImageFile.ImageFile:
    photo = Image.open(source, formats=_FORMATS)
    if not isinstance(photo, ImageFile.ImageFile):
        raise TypeError(f"Pillow opened a photo as {type(photo).__name__}, not as a file")
    return photo


def _guarded(read: Callable[[], T], name: str, head: bytes) -> T:
    """Run one step of reading a header; whatever a parser throws becomes a refusal."""
    try:
        return read()
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        count = re.search(r"\((\d+) pixels\)", str(problem))
        raise photo_refusals.too_many_pixels(int(count[1]) if count else 0, name) from problem
    except Exception as problem:
        raise photo_refusals.no_header(name, head) from problem


def _checked_head(source: Path | BinaryIO, name: str) -> bytes:
    try:
        head, size = _head_and_size(source)
    except OSError as problem:
        raise photo_refusals.unreadable(problem, name) from problem
    if size == 0:
        raise photo_refusals.empty(name)
    if size > LIMITS.max_bytes:
        raise photo_refusals.too_many_bytes(size, name)
    kind = foreign_kind(head)
    if kind is not None:
        raise photo_refusals.foreign(kind, name)
    width, height = webp_size(head) or (0, 0)
    if width * height > LIMITS.max_pixels:
        raise photo_refusals.too_many_pixels(width * height, name)
    return head


def _head_and_size(source: Path | BinaryIO) -> tuple[bytes, int]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(HEAD_BYTES), source.stat().st_size
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    head = source.read(HEAD_BYTES)
    source.seek(0)
    return head, size


def _heic_header(source: Path | BinaryIO, name: str, head: bytes) -> HeicHeader:
    """Read before libheif is asked: its binding does not survive every damaged header."""
    data = source.read_bytes() if isinstance(source, Path) else source.read()
    if not isinstance(source, Path):
        source.seek(0)
    header = _guarded(lambda: read_heic_header(data), name, head)
    photo_refusals.check_size(header.width, header.height, name)
    return header


# --- Judging a header -----------------------------------------------------------------------------


def _check(photo: ImageFile.ImageFile, name: str) -> None:
    if isinstance(photo, TiffImagePlugin.TiffImageFile) and _is_raw(photo):
        raise photo_refusals.foreign("a camera raw file", name)
    photo_refusals.check_size(*photo.size, name)
    if photo.mode not in photo_pixels.MODES:
        raise photo_refusals.measured_values(photo.mode, name)


def _is_raw(photo: TiffImagePlugin.TiffImageFile) -> bool:
    """DNG says so; NEF and others begin with a thumbnail that points to the hidden raw picture."""
    tags = photo.tag_v2
    hides_more = bool(tags.get(_NEW_SUBFILE, 0) & 1) and _SUB_IFDS in tags
    return _DNG_VERSION in tags or hides_more


def _facts(photo: ImageFile.ImageFile) -> PhotoFacts:
    orientation, notices = photo_pixels.orientation(photo), photo_pixels.notices(photo)
    width, height = photo.size
    if orientation >= 5 and not photo_pixels.turned_by_decoder(photo):
        width, height = height, width
    return PhotoFacts(_MEDIA_TYPES[str(photo.format)], width, height, orientation, notices)


def _heic_facts(header: HeicHeader) -> PhotoFacts:
    notices = (photo_pixels.MORE_PICTURES["HEIF"],) if header.pictures > 1 else ()
    return PhotoFacts("image/heic", header.width, header.height, 1, notices)
