"""Why a photo cannot be used, in words for a person, and the limits those words name.

Every sentence begins with the file's name, says what was wanted and what came, and what to do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ml_training.contracts import PhotoRefused, PhotoUnreadable
from ml_training.photo_formats import accepted_kind


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
LARGEST_SIDE = 65_535


def check_size(width: int, height: int, name: str) -> None:
    """Raise PhotoRefused for sides, in pixels, that are too long, too short or too unequal."""
    if max(width, height) > LARGEST_SIDE or width * height > LIMITS.max_pixels:
        raise too_many_pixels(width * height, name)
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


def empty(name: str) -> PhotoRefused:
    return PhotoRefused("empty", f"{name} is empty. {COPY_ADVICE}", 422)


def measured_values(mode: str, name: str) -> PhotoRefused:
    return PhotoRefused(
        "pixel_format",
        f"{name} stores measured values instead of colours (pixel format {mode}). "
        "Export it as an ordinary JPEG or PNG picture and upload that.",
        422,
    )


def foreign(kind: str, name: str) -> PhotoRefused:
    advice = RAW_ADVICE if "raw" in kind else UPLOAD_ADVICE
    return PhotoRefused("type_not_accepted", f"{name} is {kind}. {advice}", 415)


def too_many_bytes(size: int, name: str) -> PhotoRefused:
    return PhotoRefused(
        "too_many_bytes",
        f"{name} has {size / 1e6:.1f} MB. A photo may have up to "
        f"{LIMITS.max_bytes // 1_000_000} MB: save it as a smaller JPEG and upload that.",
        413,
    )


def too_many_pixels(count: int, name: str) -> PhotoRefused:
    """No camera makes more than 65,535 pixels a side: such a header is damaged or made up."""
    if count > LARGEST_SIDE**2:
        return PhotoRefused(
            "header_damaged",
            f"{name} is damaged: it claims to have {count // 1_000_000:,} megapixels. "
            f"{COPY_ADVICE}",
            422,
        )
    return PhotoRefused(
        "too_many_pixels",
        f"{name} has {math.ceil(count / 1e5) / 10:g} megapixels. A photo may have up to "
        f"{LIMITS.max_pixels // 1_000_000} megapixels: make it smaller or cut it into parts.",
        413,
    )


def no_header(name: str, head: bytes) -> PhotoRefused:
    kind = accepted_kind(head)
    if kind is None:
        return PhotoRefused("not_a_photo", f"{name} is not a photo. {UPLOAD_ADVICE}", 422)
    return PhotoRefused(
        "header_damaged",
        f"{name} begins like a {kind} photo, but its header is damaged. {COPY_ADVICE}",
        422,
    )


def damaged(name: str) -> PhotoUnreadable:
    return PhotoUnreadable("damaged", f"{name} is damaged: its pixels make no sense. {COPY_ADVICE}")


def arithmetic(name: str) -> PhotoUnreadable:
    return PhotoUnreadable(
        "coding",
        f"{name} is damaged, or coded in a way that no camera uses (arithmetic). {COPY_ADVICE}",
    )


def unreadable(problem: Exception, name: str) -> PhotoUnreadable:
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
    return damaged(name)
