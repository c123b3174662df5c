"""Judging files and folders into a table: one row a file, whatever is wrong with it."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from ml_training.contracts import HairlineMLError, PhotoAnswer, PhotoFacts
from ml_training.inference import Classifier
from ml_training.photos import inspect, open_upright

COLUMNS = ("path", "score", "verdict", "regions", "width_px", "height_px", "seconds", "error")


@dataclass(frozen=True)
class Row:
    """One file's answer; where `error` is a sentence, `answer` is None."""

    path: Path
    facts: PhotoFacts | None
    answer: PhotoAnswer | None
    error: str

    def cells(self) -> dict[str, str]:
        """Give the row of the table; what is not known is empty, `regions` is their number."""
        cells = dict.fromkeys(COLUMNS, "") | {"path": str(self.path), "error": self.error}
        if self.facts is not None:
            cells |= {"width_px": str(self.facts.width), "height_px": str(self.facts.height)}
        if self.answer is not None:
            cells |= {
                "score": f"{self.answer.score:.6f}",
                "verdict": self.answer.verdict,
                "regions": str(len(self.answer.regions)),
                "seconds": f"{self.answer.seconds:.3f}",
            }
        return cells


def list_files(places: Sequence[Path]) -> Iterator[Path]:
    """Give files as they are named and those of folders, recursively and in order; not hidden
    ones.
    """
    for place in places:
        if not place.is_dir():
            yield place
            continue
        for path in sorted(place.rglob("*")):
            parts = path.relative_to(place).parts
            if path.is_file() and not any(part.startswith(".") for part in parts):
                yield path


def predict(classifier: Classifier, paths: Iterable[Path]) -> Iterator[Row]:
    """Judge each file; a file that cannot be judged gives a row with a sentence, never an
    exception.
    """
    for path in paths:
        facts = None
        try:
            started = time.perf_counter()
            facts = inspect(path, name=path.name)
            image = open_upright(path, max_side=max(classifier.serving.sides))
            yield Row(path, facts, classifier.judge(image, started=started), "")
        except HairlineMLError as error:
            yield Row(path, facts, None, str(error))
        except OSError as error:
            yield Row(path, facts, None, f"The file cannot be read: {error.strerror or error}.")


def write_table(rows: Iterable[Row], out: Path) -> Iterator[Row]:
    """Write rows as CSV while they come, and pass them on."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow(row.cells())
            file.flush()
            yield row


def as_json(row: Row) -> str:
    """Give one line of JSON with the regions' outlines."""
    regions = [] if row.answer is None else [asdict(region) for region in row.answer.regions]
    return json.dumps(row.cells() | {"regions": regions})


def write_map(row: Row, folder: Path, number: int) -> None:
    """Write a row's evidence map as a small greyscale PNG named by its number and file name."""
    if row.answer is None:
        return
    evidence = row.answer.evidence
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.frombytes("L", (evidence.width, evidence.height), evidence.cells)
    image.save(folder / f"{number:05d}-{row.path.stem}.png")
