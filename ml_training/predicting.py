"""Judging files and folders into a table: one row a file, whatever is wrong with it."""

from __future__ import annotations

import csv
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from ml_training.contracts import DatasetError, HairlineMLError, PhotoAnswer, PhotoFacts
from ml_training.inference import Classifier
from ml_training.photos import inspect, open_upright

COLUMNS = ("path", "score", "verdict", "regions", "width_px", "height_px", "seconds", "error")
_FORMATS = {"score": ".6f", "seconds": ".3f"}
_LONGEST_STEM = 200
"""Bytes: a file system takes 255, of which a map's number and ending need their part."""

_Identity = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """One file's answer; where `error` is a sentence, `answer` is None."""

    path: Path
    facts: PhotoFacts | None
    answer: PhotoAnswer | None
    error: str

    def values(self) -> dict[str, str | float | None]:
        """Give the row by column; what is not known is None, `regions` is their number."""
        values: dict[str, str | float | None] = dict.fromkeys(COLUMNS)
        values |= {"path": str(self.path), "error": self.error or None}
        if self.facts is not None:
            values |= {"width_px": self.facts.width, "height_px": self.facts.height}
        if self.answer is not None:
            values |= {
                "score": round(self.answer.score, 6),
                "verdict": self.answer.verdict,
                "regions": len(self.answer.regions),
                "seconds": round(self.answer.seconds, 3),
            }
        return values

    def cells(self) -> dict[str, str]:
        """Give the row of the table; what is not known is empty."""
        return {
            name: "" if value is None else format(value, _FORMATS.get(name, ""))
            for name, value in self.values().items()
        }


# === Which files ===


def list_files(places: Sequence[Path], *, leave_out: Sequence[Path] = ()) -> Iterator[Path]:
    """Give files as they are named and those of folders, recursively and in order; not hidden
    ones, nor what is to be left out.

    Links are followed, each folder is entered once. What cannot be read is given itself.
    """
    done = {_identity(path) for path in leave_out if path.exists()}
    named, waiting = set(places), list(reversed(places))
    while waiting:
        path = waiting.pop()
        try:
            if path.is_dir():
                waiting += _enter(path, done)
            elif path in named or _identity(path) not in done:
                yield path
        except OSError:
            yield path


def _enter(folder: Path, done: set[_Identity]) -> list[Path]:
    """Give what a folder holds, last first; nothing of one that was entered before."""
    identity = _identity(folder)
    if identity in done:
        return []
    found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    done.add(identity)
    return sorted(found, reverse=True)


def _identity(path: Path) -> _Identity:
    facts = path.stat()
    return facts.st_dev, facts.st_ino


# === Rows ===


def predict(classifier: Classifier, paths: Iterable[Path]) -> Iterator[Row]:
    """Judge each file; a file that cannot be judged gives a row with a sentence, never an
    exception.
    """
    for path in paths:
        facts = None
        try:
            started = time.perf_counter()
            _check_readable(path)
            facts = inspect(path, name=path.name)
            image = open_upright(path, max_side=max(classifier.serving.sides), name=path.name)
            yield Row(path, facts, classifier.judge(image, started=started), "")
        except HairlineMLError as error:
            yield Row(path, facts, None, str(error))
        except OSError as error:
            yield Row(path, facts, None, _unread(path, error))


def _check_readable(path: Path) -> None:
    """Refuse what is no regular file before it is opened: a pipe would never answer."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise DatasetError(f"The folder {path.name} cannot be read: see who may list it.")
    if not stat.S_ISREG(mode):
        raise DatasetError(f"{path.name} is neither a file nor a folder.")
    path.open("rb").close()


def _unread(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path.name} {'leads nowhere' if path.is_symlink() else 'does not exist'}."
    return f"{path.name} cannot be read: {error.strerror or error}."


# === What is written ===


def refuse_other_files(out: Path) -> None:
    """Raise DatasetError where `out` holds something else than a table: it may be a photo."""
    if not out.is_file() or out.stat().st_size == 0:
        return
    with out.open("rb") as file:
        if not file.read(100).startswith(",".join(COLUMNS).encode()):
            raise DatasetError(
                f"{out} holds something else than a table of predict: name another --out or "
                "remove it."
            )


def write_table(rows: Iterable[Row], out: Path) -> Iterator[Row]:
    """Write rows as CSV while they come, and pass them on.

    The table is UTF-8 whatever files are called: other bytes of a name are written as \\udcNN.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow(row.cells())
            file.flush()
            yield row


def as_json(row: Row) -> str:
    """Give one line of JSON with the regions' outlines."""
    regions = [] if row.answer is None else [asdict(region) for region in row.answer.regions]
    return json.dumps(row.values() | {"regions": regions})


def write_map(row: Row, folder: Path, number: int) -> None:
    """Write a row's evidence map as a small greyscale PNG named by its number and file name."""
    if row.answer is None:
        return
    evidence = row.answer.evidence
    stem = os.fsencode(row.path.stem)[:_LONGEST_STEM].decode("utf-8", "ignore")
    image = Image.frombytes("L", (evidence.width, evidence.height), evidence.cells)
    image.save(folder / f"{number:05d}-{stem}.png")
