"""Labelled photos: read an index or a folder, split by group, refuse leaks.

Four layouts are read:

- an index file `index.csv` with the columns path,label,group,source,role (paths relative to it);
- a folder with `Positive/` and `Negative/`;
- a folder with one sub-folder a class, named like the labels below;
- a folder with `images/` and `masks/`: a photo is cracked where its mask is not black.

Masks are found by name, never listed: `…/images/7.jpg` has its crack mask in `…/masks/7.png` or
`…/masks_crack/7.png`, `…/concrete/7.jpg` in `…/concrete_masks/7.png`.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ml_training.contracts import DatasetError

CRACK_LABELS = frozenset({"crack", "cracked", "crack+pothole", "positive", "crack+efflorescence"})
CLEAR_LABELS = frozenset(
    {"clear", "negative", "uncracked", "no crack", "non-crack", "pothole", "efflorescence"}
)
WHITE_FROM = 64
"""A mask's greys from here on are crack."""
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff"})


@dataclass(frozen=True)
class Example:
    """One labelled photo. `mask` is a picture of the same shape, white where the crack is, or
    None.
    """

    path: Path
    cracked: bool
    label: str
    group: str
    source: str
    role: str
    mask: Path | None


@dataclass(frozen=True)
class Split:
    """Examples to learn from and examples of other groups that are only measured."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]


# === Reading ===


def read_examples(place: Path) -> tuple[Example, ...]:
    """Read an index file, or a folder in one of the layouts above.

    Raises DatasetError with a sentence that names what was wanted and what was found.
    """
    if place.is_file():
        return _read_index(place)
    if (place / "index.csv").is_file():
        return _read_index(place / "index.csv")
    if (place / "images").is_dir() and (place / "masks").is_dir():
        return _read_pairs(place)
    if place.is_dir():
        return _read_class_folders(place)
    raise DatasetError(f"No photos: {place} is neither an index file nor a folder.")


def _read_index(index: Path) -> tuple[Example, ...]:
    wanted = {"path", "label", "group", "source", "role"}
    with index.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        try:
            missing = wanted - set(rows.fieldnames or ())
            if missing:
                raise DatasetError(
                    f"{index.name} must have the columns {sorted(wanted)}; missing: "
                    f"{sorted(missing)}."
                )
            examples = tuple(_example(index, rows.line_num, row) for row in rows)
        except (UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(
                f"{index.name} is no table in UTF-8: save it as CSV in that encoding."
            ) from error
    if not examples:
        raise DatasetError(f"{index.name} lists no photo.")
    return examples


def _example(index: Path, line: int, row: dict[str, str]) -> Example:
    if None in row.values():
        raise DatasetError(f"Line {line} of {index.name} has too few cells: complete it.")
    path = index.parent / row["path"]
    return Example(
        path=path,
        cracked=is_cracked(row["label"]),
        label=row["label"],
        group=row["group"],
        source=row["source"],
        role=row["role"],
        mask=_find_mask(path),
    )


def _read_pairs(root: Path) -> tuple[Example, ...]:
    examples = tuple(_pair(root, path) for path in _photos_in(root / "images"))
    if not examples:
        raise DatasetError(f"{root.name}/images holds no photo.")
    return examples


def _pair(root: Path, path: Path) -> Example:
    beside = root / "masks" / path.relative_to(root / "images").with_suffix(".png")
    mask = beside if beside.is_file() else _find_mask(path)
    if mask is None:
        raise DatasetError(
            f"{path.name} has no mask: put {path.stem}.png into {beside.parent}, all black where "
            "the photo shows no crack."
        )
    cracked = read_mask(mask).getbbox() is not None
    label = "crack" if cracked else "clear"
    group = _own_group(root, path)
    return Example(path, cracked, label, group, root.name, "train", mask if cracked else None)


def _own_group(root: Path, path: Path) -> str:
    """Name a group that no other photo has."""
    return path.relative_to(root).as_posix()


def _photos_in(folder: Path) -> list[Path]:
    """List photos in order, with those of sub-folders, without hidden ones."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _read_class_folders(root: Path) -> tuple[Example, ...]:
    folders = [f for f in sorted(root.iterdir()) if f.is_dir() and not _is_no_class(f.name)]
    if not any(f.name.lower() in CRACK_LABELS | CLEAR_LABELS for f in folders):
        raise DatasetError(
            f"{root} must hold index.csv, images and masks, or folders named like Positive and "
            "Negative; "
            f"found: {sorted(f.name for f in root.iterdir())[:8]}."
        )
    return tuple(
        Example(
            path,
            is_cracked(folder.name),
            folder.name.lower(),
            _own_group(root, path),
            root.name,
            "train",
            _find_mask(path),
        )
        for folder in folders
        for path in _photos_in(folder)
    )


def _is_no_class(folder: str) -> bool:
    return folder.startswith(".") or folder in ("masks", "masks_crack") or folder.endswith("_masks")


def is_cracked(label: str) -> bool:
    """Tell whether a label means a crack. Raises DatasetError for a label nobody has defined."""
    name = label.strip().lower()
    if name in CRACK_LABELS or name in CLEAR_LABELS:
        return name in CRACK_LABELS
    raise DatasetError(
        f"Unknown label {label!r}; use one of {sorted(CRACK_LABELS | CLEAR_LABELS)}."
    )


def read_mask(path: Path) -> Image.Image:
    """Give a mask in greys; one that is dark all over numbers its classes, 0 and 1, say: what is
    not 0 becomes white. Raises DatasetError where the file is no picture.
    """
    try:
        with Image.open(path) as mask:
            grey = mask.convert("L")
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(
            f"The mask {path} cannot be read: save it as a PNG of black and white."
        ) from error
    if any(grey.histogram()[WHITE_FROM:]):
        return grey
    return grey.point(lambda value: 255 * (value > 0))


def _find_mask(path: Path) -> Path | None:
    folder, name = path.parent.absolute(), f"{path.stem}.png"
    for masks in (
        folder.with_name("masks"),
        folder.with_name("masks_crack"),
        folder.with_name(f"{folder.name}_masks"),
    ):
        if folder.name != masks.name and (masks / name).is_file():
            return masks / name
    return None


# === Splitting ===


def split_by_group(
    examples: Sequence[Example],
    *,
    held_out_share: float,
    seed: int,
    held_out_sources: Iterable[str] = (),
) -> Split:
    """Put about `held_out_share` of the groups aside: the same seed always gives the same split."""
    sources = frozenset(held_out_sources)
    aside = {e.group for e in examples if e.source in sources}
    aside |= {g for g in {e.group for e in examples} if group_draw(g, seed) < held_out_share}
    split = Split(
        train=tuple(e for e in examples if e.group not in aside),
        held_out=tuple(e for e in examples if e.group in aside),
    )
    refuse_leaks(split)
    return split


def group_draw(group: str, seed: int) -> float:
    """Draw a number in 0–1 for a group: a salted hash, so that later groups do not move earlier
    ones.
    """
    digest = hashlib.sha256(f"hairline-split-{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def refuse_leaks(split: Split) -> None:
    """Raise DatasetError when a group or a file stands on both sides."""
    groups = {e.group for e in split.train} & {e.group for e in split.held_out}
    files = {e.path for e in split.train} & {e.path for e in split.held_out}
    if groups or files:
        raise DatasetError(
            "A group must stand in one split only. In both: "
            f"{sorted(groups)[:5]} and {len(files)} files. Split again by group."
        )


def balance(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Count photos by source and label."""
    counts = Counter((e.source, e.label) for e in examples)
    table: dict[str, dict[str, int]] = {}
    for (source, label), count in sorted(counts.items()):
        table.setdefault(source, {})[label] = count
    return table
