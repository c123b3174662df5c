"""A site to look at: two structures and three inspections of drawn photos, plainly labelled so."""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from classifier import intake
from classifier.engine import draw_photo
from classifier.models import Inspection, Photo, Structure, User

SIZE = (1600, 1200)


@dataclass(frozen=True)
class Visit:
    """One inspection of the demo: its age in days, and a (scene, cracked) pair for each photo."""

    title: str
    days_ago: int
    photos: tuple[tuple[str, bool], ...]


DEMO: dict[tuple[str, str, str], tuple[Visit, ...]] = {
    ("Mill Lane bridge (drawn)", "bridge", "An invented place"): (
        Visit("Principal inspection", 400, (("pier", False), ("bridge deck", True)) * 3),
        Visit("General inspection", 10, (("pier", True), ("bridge deck", False)) * 4),
    ),
    ("Harbour retaining wall (drawn)", "retaining_wall", "Another invented place"): (
        Visit("First inspection", 3, (("wall panel", False), ("wall panel", True)) * 3),
    ),
}


def draw_demo(*, by: User) -> Iterator[Photo]:
    """Fill the site with drawn photos, uploaded the way a person would; give each once stored."""
    seeds = itertools.count(1)
    for (name, kind, location), visits in DEMO.items():
        structure = intake.register_structure(
            Structure(
                name=name, kind=kind, location=location, notes="Drawn by Hairline as a demo."
            ),
            elements=sorted({scene for visit in visits for scene, _ in visit.photos}),
            by=by,
        )
        for visit in visits:
            yield from _draw_visit(structure, visit, by=by, seeds=seeds)


def _draw_visit(
    structure: Structure, visit: Visit, *, by: User, seeds: Iterator[int]
) -> Iterator[Photo]:
    day: date = timezone.localdate() - timedelta(days=visit.days_ago)
    inspection = intake.register_inspection(
        Inspection(title=visit.title, date=day), structure=structure, by=by
    )
    photo_set = intake.open_photo_set(inspection, by=by, notes="Drawn photos, not taken ones")
    with tempfile.TemporaryDirectory() as folder:
        for number, (scene, cracked) in enumerate(visit.photos, start=1):
            path = Path(folder) / f"drawn-{scene.replace(' ', '-')}-{number:02}.jpg"
            draw_photo(seed=next(seeds), cracked=cracked, scene=scene, size=SIZE, out=path)
            upload = SimpleUploadedFile(path.name, path.read_bytes())
            yield intake.receive_photo(photo_set, upload, by=by).photo
