"""Model folders: written whole or not at all, verified before anything in them is opened.

    classifier.keras     the network: the source of everything else
    classifier.xml/.bin  the same network exported for OpenVINO (optional)
    thresholds.json      how the network is served: sides, pooling, calibration, thresholds
    card.json            what the model is, from what, and how good
    SHA256SUMS           of all of the above, in the format of sha256sum

No Keras here: a process that only shows the card stays small.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ml_training.contracts import ModelFacts, ModelFileError, Thresholds
from ml_training.serving import Calibration, Serving

FORMAT_VERSION = 1
WEIGHTS, EXPORTED, EXPORTED_WEIGHTS = "classifier.keras", "classifier.xml", "classifier.bin"
SERVING, CARD, SUMS = "thresholds.json", "card.json", "SHA256SUMS"
ANSWERS = ["clear", "crack"]
"""Which way a network answers: what its lowest score means, and its highest."""
_REQUIRED = (WEIGHTS, SERVING, CARD)


# === Reading ===


def read_facts(folder: Path) -> ModelFacts:
    """Verify a model folder and give what it says of itself, without loading Keras.

    Raises ModelFileError with a sentence when something is missing, changed or of another format.
    """
    sums = verify(folder)
    card = _read_json(folder / CARD)
    return ModelFacts(
        name=str(card.get("name", folder.name)),
        weights_sha256=sums[WEIGHTS],
        files_sha256=file_sha256(folder / SUMS),
        thresholds=read_serving(folder).thresholds,
        card=card,
    )


def verify(folder: Path) -> dict[str, str]:
    """Compare every listed file with its SHA-256 and the format version with ours; give the
    sums.
    """
    if not (folder / SUMS).is_file():
        raise ModelFileError(
            f"The model folder {folder.name} has no {SUMS}; it is incomplete or no model."
        )
    sums = _read_sums(folder / SUMS)
    for name in _REQUIRED:
        if name not in sums:
            raise ModelFileError(f"The model folder {folder.name} lists no {name} in {SUMS}.")
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise ModelFileError(
                f"The model folder {folder.name} lacks {name}; copy the folder again."
            )
        if file_sha256(folder / name) != expected:
            raise ModelFileError(
                f"{name} in the model folder {folder.name} is not the file that was written: "
                "its SHA-256 differs. Copy the folder again or activate another version."
            )
    _refuse_other_formats(folder)
    return sums


def _refuse_other_formats(folder: Path) -> None:
    card = _read_json(folder / CARD)
    version, answers = card.get("format_version"), card.get("answers", ANSWERS)
    if version != FORMAT_VERSION:
        raise ModelFileError(
            f"The model folder {folder.name} has format version {version!r}; this program reads "
            f"version {FORMAT_VERSION}. Train the model again or use the program that wrote it."
        )
    if answers != ANSWERS:  # older cards do not say it
        raise ModelFileError(
            f"The model folder {folder.name} answers {answers!r} from its lowest score to its "
            f"highest; this program reads {ANSWERS!r}."
        )


def read_serving(folder: Path) -> Serving:
    """Read `thresholds.json`. Raises ModelFileError naming what is missing."""
    raw = _read_json(folder / SERVING)
    try:
        return Serving(
            sides=tuple(int(side) for side in raw["sides"]),  # type: ignore[attr-defined]  # TypeError below
            largest_zoom=_number(raw["largest_zoom"]),
            strongest_cells=_strongest_cells(raw["strongest_cells"], raw["sides"]),
            photo=_calibration(raw["photo"]),
            cell=_calibration(raw["cell"]),
            region_from=_number(raw["region_from"]),
            thresholds=_thresholds(raw["thresholds"]),
            patch_bonus=_number(raw.get("patch_bonus", 0.0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{SERVING} in {folder.name} cannot be used: {error!r}.") from error


def _strongest_cells(value: object, sides: object) -> tuple[int, ...]:
    """Read one number a side; folders written before 1.2 have one number for all of them."""
    if not isinstance(sides, list):
        raise TypeError(f"wanted a list of sides, got {sides!r}")
    cells = tuple(
        int(_number(one)) for one in (value if isinstance(value, list) else [value] * len(sides))
    )
    if len(cells) != len(sides) or min(cells) < 1:
        raise ValueError(f"wanted {len(sides)} numbers of cells, got {value!r}")
    return cells


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"wanted a number, got {value!r}")
    return float(value)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"wanted an object, got {value!r}")
    return value


def _calibration(value: object) -> Calibration:
    raw = _mapping(value)
    return Calibration(scale=_number(raw["scale"]), offset=_number(raw["offset"]))


def _thresholds(value: object) -> Thresholds:
    raw = _mapping(value)
    return Thresholds(_number(raw["clear_below"]), _number(raw["flagged_from"]))


def _read_json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path.name} in the model folder {path.parent.name} cannot be read: {error}."
        ) from error
    if not isinstance(value, dict):
        raise ModelFileError(
            f"{path.name} in the model folder {path.parent.name} must hold one JSON object."
        )
    return value


def _read_sums(path: Path) -> dict[str, str]:
    sums: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name or "/" in name or "\\" in name:
            raise ModelFileError(
                f"{SUMS} in {path.parent.name} has a line that is no checksum: {line[:80]!r}."
            )
        sums[name] = digest
    return sums


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# === Writing ===


def refuse_existing(out: Path) -> None:
    """Raise ModelFileError where there is something already."""
    if out.exists():
        raise ModelFileError(
            f"The model folder {out.name} exists already; a version is never overwritten."
        )


def write_folder(
    out: Path, *, files: Mapping[str, Path], serving: Serving, card: Mapping[str, object]
) -> ModelFacts:
    """Write a model folder in one step: a stop at any moment leaves either all of it or nothing.

    `files` maps names in the folder to files to copy. Raises ModelFileError when `out` exists.
    """
    refuse_existing(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, source in files.items():
            shutil.copyfile(source, temporary / name)
        _write_json(temporary / SERVING, asdict(serving))
        _write_json(
            temporary / CARD, {"format_version": FORMAT_VERSION, "answers": ANSWERS, **card}
        )
        write_sums(temporary)
        temporary.chmod(0o755)
        temporary.rename(out)
        _sync(out.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return read_facts(out)


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over all other files of a folder and bring everything to the disk."""
    names = sorted(f.name for f in folder.iterdir() if f.name != SUMS)
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    for name in (*names, SUMS):
        _sync(folder / name)
    _sync(folder)


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    path.write_text(
        json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8"
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
