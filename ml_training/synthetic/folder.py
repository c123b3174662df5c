"""A folder of drawn photos with masks and an index, for training, demos and measurements."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ml_training.contracts import DatasetError
from ml_training.synthetic.drawing import DrawnPhoto, draw_photo
from ml_training.synthetic.scenes import SCENES

CAMERA = "Hairline drawn photo"
SOURCE = "drawn"
SIZES = ((1600, 1200), (1200, 1600), (1440, 1080), (1600, 900))
QUALITY = 90
FIRST_VISIT = datetime.datetime(
    2026, 3, 2, 9, 0
)  # naive: a camera writes local time without a zone
PHOTOS_A_STRUCTURE = 10
EVERY_NTH_FOR_DEV = 5
EXIF_MODEL, EXIF_SOFTWARE, EXIF_DATE = 0x0110, 0x0131, 0x0132
EXIF_SUB_IFD, EXIF_TAKEN = 0x8769, 0x9003


def draw_folder(
    out: Path, count: int, seed: int = 0, on_progress: Callable[[int, int], None] | None = None
) -> Path:
    """Draw `count` photos (every second one cracked) into `out`; returns the path of its index.csv.

    Writes photos/*.jpg (EXIF camera "Hairline drawn photo" and a date), masks/*.png for the cracked
    ones, and index.csv with the columns path, label (crack or clear), group, source, role. A group
    is one drawn structure of up to ten photos of one scene; every fifth group has the role dev.
    `on_progress(done, count)` follows each photo. Deterministic by `seed`. Raises DatasetError for
    a count under 1, OSError when the folder cannot be written.
    """
    if count < 1:
        raise DatasetError(f"A folder of drawn photos has at least 1. Received: count={count}.")
    for name in ("photos", "masks"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        rows.append(_draw_one(out, seed, number))
        if on_progress is not None:
            on_progress(number + 1, count)
    return _write_index(out / "index.csv", rows)


def _draw_one(out: Path, seed: int, number: int) -> tuple[str, str, str, str, str]:
    structure = number // PHOTOS_A_STRUCTURE
    names = list(SCENES)
    photo = draw_photo(
        seed=seed * 1_000_000 + number,
        cracked=number % 2 == 0,
        width=SIZES[number % len(SIZES)][0],
        height=SIZES[number % len(SIZES)][1],
        scene=names[(structure + seed) % len(names)],
    )
    stem = f"drawn-{seed:03d}-{number + 1:04d}"
    _save(photo, out, stem, FIRST_VISIT + datetime.timedelta(days=structure, minutes=4 * number))
    label = "crack" if photo.cracked else "clear"
    role = "dev" if structure % EVERY_NTH_FOR_DEV == EVERY_NTH_FOR_DEV - 1 else "train"
    return f"photos/{stem}.jpg", label, f"drawn-{seed:03d}-{structure + 1:03d}", SOURCE, role


def _save(photo: DrawnPhoto, out: Path, stem: str, taken: datetime.datetime) -> None:
    stamp = taken.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[EXIF_MODEL], exif[EXIF_SOFTWARE], exif[EXIF_DATE] = CAMERA, "Hairline", stamp
    exif.get_ifd(EXIF_SUB_IFD)[EXIF_TAKEN] = stamp
    photo.image.save(out / "photos" / f"{stem}.jpg", quality=QUALITY, exif=exif)
    if photo.cracked:
        photo.mask.save(out / "masks" / f"{stem}.png", optimize=True)


def _write_index(path: Path, rows: list[tuple[str, str, str, str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "label", "group", "source", "role"))
        writer.writerows(rows)
    return path
