"""A site to look at: two structures and three inspections of drawn photos, plainly labelled so."""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from classifier import intake
from classifier.engine import draw_photo
from classifier.models import Inspection, Photo, Structure, User

SIZE = (1600, 1200)


@dataclass(frozen=True)
class Visit:
    """One inspection of the demo: its age in days, and by scene which of its photos are cracked."""

    title: str
    days_ago: int
    scenes: Mapping[str, tuple[bool, ...]]


DEMO: dict[tuple[str, str, str], tuple[Visit, ...]] = {
    ("Mill Lane bridge (drawn)", "bridge", "An invented place"): (
        Visit(
            "Principal inspection", 400, {"bridge deck": (True, False, True), "pier": (False,) * 3}
        ),
        Visit(
            "General inspection",
            10,
            {"abutment": (False, True), "bridge deck": (False, False, True), "pier": (True,) * 3},
        ),
    ),
    ("Harbour retaining wall (drawn)", "retaining_wall", "Another invented place"): (
        Visit("First inspection", 3, {"wall panel": (True, False, True, False, True, False)}),
    ),
}


def draw_demo(*, by: User) -> Iterator[Photo]:
    """Fill the site with drawn photos, uploaded the way a person would; give each once stored."""
    seeds = itertools.count(1)
    for (name, kind, location), visits in DEMO.items():
        structure = Structure(name=name, kind=kind, location=location)
        structure.notes = "Invented; its photos are drawn by Hairline to show how the site works."
        elements = sorted({scene for visit in visits for scene in visit.scenes})
        intake.register_structure(structure, elements=elements, by=by)
        for visit in visits:
            yield from _draw_visit(structure, visit, by=by, seeds=seeds)


def _draw_visit(
    structure: Structure, visit: Visit, *, by: User, seeds: Iterator[int]
) -> Iterator[Photo]:
    day = timezone.localtime() - timedelta(days=visit.days_ago)
    inspection = Inspection(title=visit.title, date=day.date())
    intake.register_inspection(inspection, structure=structure, by=by)
    for scene, cracks in visit.scenes.items():
        element = structure.elements.get(name=scene)
        photo_set = intake.open_photo_set(
            inspection, by=by, element=element, notes="Drawn photos, not taken ones"
        )
        for number, cracked in enumerate(cracks, start=1):
            name = f"drawn-{scene.replace(' ', '-')}-{number:02}.jpg"
            content = _drawn(seed=next(seeds), cracked=cracked, scene=scene, taken_at=day)
            upload = SimpleUploadedFile(name, content)
            yield intake.receive_photo(photo_set, upload, by=by).photo


def _drawn(*, seed: int, cracked: bool, scene: str, taken_at: datetime) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.jpg"
        draw_photo(seed=seed, cracked=cracked, scene=scene, size=SIZE, taken_at=taken_at, out=path)
        return path.read_bytes()
