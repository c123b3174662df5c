"""The pixels of one file: what its camera wrote, the images made from it, its name for people.

Free of Django. `ml_training.photos` is the only decoder; what it says about a photo is said again
here, so that the rest of the app needs one door to pixels alone.
"""

from __future__ import annotations

import html
import io
import os
import re
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

from classifier import evidence_colours
from ml_training.contracts import PhotoError, PhotoFacts, PhotoRefused, PhotoUnreadable
from ml_training.photos import LIMITS, inspect, open_upright, read_exif

__all__ = [
    "LIMITS",
    "CaptureFacts",
    "PhotoError",
    "PhotoFacts",
    "PhotoRefused",
    "PhotoUnreadable",
    "WorkingImages",
    "display_name",
    "inspect",
    "read_capture_facts",
    "write_evidence",
    "write_working_images",
]

WORKING_SIDE, WORKING_QUALITY = 2000, 92  # 12 megapixels are decoded at half size: decision 10
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 480, 82
OVERLAY_SIDE = 1024
LONGEST_TEXT = 120
LONGEST_NAME = 255  # bytes, as file systems count them


@dataclass(frozen=True)
class CaptureFacts:
    """What the camera wrote. `taken_at` is naive local time; latitude and longitude in degrees."""

    taken_at: datetime | None
    camera: str
    latitude: float | None
    longitude: float | None
    notices: tuple[str, ...]


@dataclass(frozen=True)
class WorkingImages:
    """Sizes in pixels of the upright original and of the working image made from it."""

    width: int
    height: int
    working_width: int
    working_height: int
    notices: tuple[str, ...]


# --- What the camera wrote ------------------------------------------------------------------------

_MAKE, _MODEL, _CHANGED = 0x010F, 0x0110, 0x0132
_EXIF_IFD, _GPS_IFD, _TAKEN, _DIGITISED = 0x8769, 0x8825, 0x9003, 0x9004
_FIRST_YEAR = 1990  # before that no digital camera wrote EXIF

Tags = dict[int, object]


def read_capture_facts(path: Path) -> CaptureFacts:
    """Read time, camera and position from a photo's EXIF.

    Odd EXIF never raises: what cannot be right is left out, with a sentence in `notices`. Raises
    PhotoRefused only where `inspect` does.
    """
    exif = read_exif(path)
    main = dict(exif)
    detail, gps = _sub_tags(exif, _EXIF_IFD), _sub_tags(exif, _GPS_IFD)
    written = detail.get(_TAKEN) or detail.get(_DIGITISED) or main.get(_CHANGED)
    taken_at, time_notice = _taken_at(written)
    position, position_notice = _position(gps)
    notices = tuple(filter(None, (time_notice, position_notice)))
    return CaptureFacts(taken_at, _camera(main), *position, notices)


def _sub_tags(exif: Image.Exif, which: int) -> Tags:
    try:
        return dict(exif.get_ifd(which))
    except Exception:  # a pointer to anywhere ends in any error of the parser
        return {}


def _taken_at(value: object) -> tuple[datetime | None, str]:
    text = _clean_text(value)
    if not text:
        return None, ""
    moment = _moment(text)
    tomorrow = datetime.now() + timedelta(days=1)
    if moment is None or moment.year < _FIRST_YEAR or moment > tomorrow:
        return None, "The time its camera wrote cannot be right and was left out."
    return moment, ""


def _moment(text: str) -> datetime | None:
    digits = "".join(character if character.isdigit() else " " for character in text)
    try:
        year, month, day, hour, minute, second = map(int, digits.split()[:6])
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _camera(main: Tags) -> str:
    make, model = _clean_text(main.get(_MAKE)), _clean_text(main.get(_MODEL))
    first_word = make.split(" ")[0].lower()
    named_twice = bool(first_word) and model.lower().startswith(first_word)
    return (model if named_twice else f"{make} {model}").strip()[:LONGEST_TEXT].strip()


def _position(gps: Tags) -> tuple[tuple[float | None, float | None], str]:
    """Degrees north and east. Exactly 0, 0 is what a receiver without a fix writes: no position."""
    if not gps.keys() & {2, 4}:
        return (None, None), ""
    latitude = _degrees(gps.get(2), gps.get(1), most=90)
    longitude = _degrees(gps.get(4), gps.get(3), most=180)
    if latitude is None or longitude is None:
        return (None, None), "The position its camera wrote cannot be right and was left out."
    return ((None, None) if latitude == longitude == 0 else (latitude, longitude)), ""


def _degrees(parts: object, side: object, *, most: int) -> float | None:
    """Degrees, minutes and seconds as one signed number; None for anything else."""
    if not isinstance(parts, tuple) or not 1 <= len(parts) <= 3:
        return None
    try:
        value = sum((float(part) / 60.0**power for power, part in enumerate(parts)), 0.0)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not 0 <= value <= most:  # also so for what is not a number
        return None
    return round(-value if _clean_text(side).upper() in ("S", "W") else value, 7)


def _clean_text(value: object) -> str:
    """One line of visible text from whatever stood in a tag."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return _visible(value.split("\0")[0])[:LONGEST_TEXT].strip()


# --- Images made from a photo ---------------------------------------------------------------------

WORKING = "working.jpg"


def write_working_images(original: Path, folder: Path) -> WorkingImages:
    """Write the working image and `thumbnail.jpg` into `folder`: upright, sRGB, no metadata.

    Each appears whole or not at all. Raises PhotoRefused, PhotoUnreadable, and OSError where
    `folder` cannot be written.
    """
    facts = inspect(original, name="This photo")
    working = open_upright(original, max_side=WORKING_SIDE)
    folder.mkdir(parents=True, exist_ok=True)
    thumbnail = working.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    _save(thumbnail, folder / "thumbnail.jpg", "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    _save(working, folder / WORKING, "JPEG", quality=WORKING_QUALITY, subsampling=0)
    return WorkingImages(facts.width, facts.height, *working.size, facts.notices)


def write_evidence(cells: bytes, width: int, height: int, *, folder: Path, stem: str) -> None:
    """Write an evidence map as `<stem>.png` (grey, one pixel a cell) and `<stem>-overlay.png`.

    `cells` is row-major, one byte a cell, probability × 255. The overlay has a colour and an alpha
    for each of 256 evidences, and a whole number of pixels a cell: stretched over the photo, each
    cell lies over the part it speaks of. Raises ValueError where `cells` does not hold
    width × height bytes.
    """
    if width < 1 or height < 1 or len(cells) != width * height:
        raise ValueError(
            f"An evidence map of {width}x{height} cells wants {width * height} bytes. "
            f"Received: {len(cells)}."
        )
    grey = Image.frombytes("L", (width, height), cells)
    enlarged = max(1, OVERLAY_SIDE // max(width, height))
    overlay = grey.resize((width * enlarged, height * enlarged), Image.Resampling.BICUBIC)
    colours, alphas = evidence_colours.palette()
    overlay.putpalette(colours)
    folder.mkdir(parents=True, exist_ok=True)
    _save(grey, folder / f"{stem}.png", "PNG")
    _save(overlay, folder / f"{stem}-overlay.png", "PNG", transparency=alphas)


def _save(image: Image.Image, path: Path, kind: str, **options: int | bytes) -> None:
    """Let an image take its name only when it is complete and on the disk.

    Pillow writes into memory: of a disk that fills up it takes for written what is not.
    """
    encoded, partial = io.BytesIO(), path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    image.save(encoded, kind, **options)
    try:
        with partial.open("xb") as file:
            file.write(encoded.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


# --- Names ----------------------------------------------------------------------------------------

_UNSEEN_CATEGORIES = ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")
_UNSEEN_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
_ESCAPED_CONTROL = re.compile(r"%(?:0[0-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)


def display_name(raw: str) -> str:
    """Turn the name an uploader gave into one that is safe to show: never a path, never invisible.

    The last part of the path, without control, direction and zero-width characters, composed (NFC),
    at most 255 bytes of UTF-8 with its ending kept; "photo" where nothing is left.
    """
    visible = _visible(_ESCAPED_CONTROL.sub("", html.unescape(raw)))
    base = re.split(r"[/\\]", visible)[-1].strip().rstrip(". ")
    return _shortened(base) or "photo"


def _visible(text: str) -> str:
    kept = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character in "\t\n\r" or not _unseen(character)
    )
    return re.sub(" +", " ", "".join(kept))


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN_CATEGORIES or character in _UNSEEN_LETTERS


def _shortened(name: str) -> str:
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = Path(name).suffix
    room = LONGEST_NAME - len(ending.encode())
    if len(ending) > 20:
        ending, room = "", LONGEST_NAME
    return name.removesuffix(ending).encode()[:room].decode(errors="ignore").strip() + ending
