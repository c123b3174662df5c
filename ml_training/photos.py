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
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import pi_heif
from PIL import Image, ImageFile, TiffImagePlugin

from ml_training import photo_pixels
from ml_training.contracts import PhotoError, PhotoFacts, PhotoRefused, PhotoUnreadable
from ml_training.photo_formats import (
    HEAD_BYTES,
    accepted_kind,
    foreign_kind,
    restarts_in_order,
    webp_size,
)

T = TypeVar("T")


@dataclass(frozen=True)
class PhotoLimits:
    """What a photo may measure; `max_aspect` is the long side over the short one."""

    max_bytes: int = 40_000_000
    max_pixels: int = 50_000_000
    min_side: int = 64
    max_aspect: int = 20


LIMITS = PhotoLimits()
UPLOAD_ADVICE = "Upload photos as JPEG, PNG, WebP, HEIC or TIFF."
RAW_ADVICE = "Export it from the camera's software as JPEG and upload that."
COPY_ADVICE = "Copy it from the camera again."

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
_LARGEST_SIDE = 65_535

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
    with _opened(source, name) as photo:
        return _guarded(lambda: _facts(photo), name, b"")


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
            if photo.format in ("JPEG", "MPO") and not restarts_in_order(source.read_bytes()):
                raise _damaged(name)
            return photo_pixels.upright(photo, max_side)
        except PhotoError:
            raise
        except Exception as problem:
            raise _unreadable(problem, name) from problem


def read_exif(source: Path) -> Image.Exif:
    """Read the EXIF block of a photo; empty where there is none or it cannot be read.

    Entries are as the file has them: any tag may be missing, of another type or nonsense. Raises
    PhotoRefused as `inspect` does.
    """
    with _opened(source, "This photo") as photo:
        return photo_pixels.exif(photo)


# --- Opening --------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[ImageFile.ImageFile]:
    """The photo with its header read and found acceptable. Pillow's warnings stay inside."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        head = _checked_head(source, name)
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
        raise _too_many_pixels(int(count[1]) if count else 0, name) from problem
    except Exception as problem:
        raise _no_header(name, head) from problem


def _checked_head(source: Path | BinaryIO, name: str) -> bytes:
    try:
        head, size = _head_and_size(source)
    except OSError as problem:
        raise _unreadable(problem, name) from problem
    if size == 0:
        raise PhotoRefused("empty", f"{name} is empty. {COPY_ADVICE}", 422)
    if size > LIMITS.max_bytes:
        raise _too_many_bytes(size, name)
    kind = foreign_kind(head)
    if kind is not None:
        raise _foreign(kind, name)
    width, height = webp_size(head) or (0, 0)
    if width * height > LIMITS.max_pixels:
        raise _too_many_pixels(width * height, name)
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


# --- Judging a header -----------------------------------------------------------------------------


def _check(photo: ImageFile.ImageFile, name: str) -> None:
    width, height = photo.size
    if isinstance(photo, TiffImagePlugin.TiffImageFile) and _is_raw(photo):
        raise _foreign("a camera raw file", name)
    if max(width, height) > _LARGEST_SIDE or width * height > LIMITS.max_pixels:
        raise _too_many_pixels(width * height, name)
    if min(width, height) < LIMITS.min_side:
        raise PhotoRefused(
            "too_small",
            f"{name} measures {width} × {height} pixels. A photo needs at least "
            f"{LIMITS.min_side} pixels on each side: upload the original.",
            422,
        )
    if max(width, height) > LIMITS.max_aspect * min(width, height):
        raise PhotoRefused(
            "too_narrow",
            f"{name} measures {width} × {height} pixels. A photo may be up to "
            f"{LIMITS.max_aspect} times as long as wide: cut it into parts.",
            422,
        )
    if photo.mode not in photo_pixels.MODES:
        raise PhotoRefused(
            "pixel_format",
            f"{name} stores measured values instead of colours (pixel format {photo.mode}). "
            "Export it as an ordinary JPEG or PNG picture and upload that.",
            422,
        )


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


# --- What a person is told ------------------------------------------------------------------------


def _foreign(kind: str, name: str) -> PhotoRefused:
    advice = RAW_ADVICE if "raw" in kind else UPLOAD_ADVICE
    return PhotoRefused("type_not_accepted", f"{name} is {kind}. {advice}", 415)


def _too_many_bytes(size: int, name: str) -> PhotoRefused:
    return PhotoRefused(
        "too_many_bytes",
        f"{name} has {size / 1e6:.1f} MB. A photo may have up to "
        f"{LIMITS.max_bytes // 1_000_000} MB: save it as JPEG and upload that.",
        413,
    )


def _too_many_pixels(count: int, name: str) -> PhotoRefused:
    """No camera makes more than 65,535 pixels a side: such a header is damaged or made up."""
    if count > _LARGEST_SIDE**2:
        return PhotoRefused(
            "header_damaged",
            f"{name} is damaged: it claims to have {count // 1_000_000:,} megapixels. "
            f"{COPY_ADVICE}",
            422,
        )
    return PhotoRefused(
        "too_many_pixels",
        f"{name} has {count // 1_000_000} megapixels. A photo may have up to "
        f"{LIMITS.max_pixels // 1_000_000} megapixels: make it smaller or cut it into parts.",
        413,
    )


def _no_header(name: str, head: bytes) -> PhotoRefused:
    kind = accepted_kind(head)
    if kind is None:
        return PhotoRefused("not_a_photo", f"{name} is not a photo. {UPLOAD_ADVICE}", 422)
    return PhotoRefused(
        "header_damaged",
        f"{name} begins like a {kind} photo, but its header is damaged. {COPY_ADVICE}",
        422,
    )


def _damaged(name: str) -> PhotoUnreadable:
    return PhotoUnreadable("damaged", f"{name} is damaged: its pixels make no sense. {COPY_ADVICE}")


def _unreadable(problem: Exception, name: str) -> PhotoUnreadable:
    """Sort what Pillow, libheif and the file system throw while pixels are read."""
    if isinstance(problem, MemoryError):
        return PhotoUnreadable(
            "memory", f"{name} needs more memory than there is. Make it smaller and upload that."
        )
    if isinstance(problem, OSError) and problem.errno is not None:
        return PhotoUnreadable(
            "missing", f"{name} could not be read from storage. Upload it again."
        )
    if "truncated" in str(problem).lower() or "end of file" in str(problem).lower():
        return PhotoUnreadable("cut_off", f"{name} is cut off before its end. {COPY_ADVICE}")
    return _damaged(name)
