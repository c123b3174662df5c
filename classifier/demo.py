"""A site to look at: two structures and three inspections of drawn photos, plainly labelled so."""

import itertools
import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL.ExifTags import GPS, IFD, Base
from PIL.Image import Exif

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


Place = tuple[float, float]
"""Latitude and longitude."""
DEMO: dict[tuple[str, str, str, Place], tuple[Visit, ...]] = {
    ("Mill Lane bridge (drawn)", "bridge", "An invented place", (53.7391, -0.3446)): (
        Visit(
            "Principal inspection", 400, {"bridge deck": (True, False, True), "pier": (False,) * 3}
        ),
        Visit(
            "General inspection",
            10,
            {"abutment": (False, True), "bridge deck": (False, False, True), "pier": (True,) * 3},
        ),
    ),
    (
        "Harbour retaining wall (drawn)",
        "retaining_wall",
        "Another invented place",
        (53.7332, -0.3217),
    ): (Visit("First inspection", 3, {"wall panel": (True, False, True, False, True, False)}),),
}


def draw_demo(*, by: User) -> Iterator[Photo]:
    """Fill the site with drawn photos, uploaded the way a person would; give each once stored."""
    seeds = itertools.count(1)
    for (name, kind, location, place), visits in DEMO.items():
        structure = Structure(name=name, kind=kind, location=location)
        structure.latitude, structure.longitude = place
        structure.reinforcement = Structure.Reinforcement.REINFORCED
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
            seed = next(seeds)
            exif = _exif(taken_at=day, place=_beside(structure, seed))
            content = _drawn(seed=seed, cracked=cracked, scene=scene, exif=exif)
            upload = SimpleUploadedFile(name, content)
            yield intake.receive_photo(photo_set, upload, by=by).photo


def _beside(structure: Structure, seed: int) -> Place:
    """Return where a phone would say that a photo was taken: within some 30 m."""
    assert structure.latitude is not None
    assert structure.longitude is not None
    scatter = random.Random(seed)
    north, east = scatter.uniform(-2e-4, 2e-4), scatter.uniform(-5e-4, 5e-4)
    return structure.latitude + north, structure.longitude + east


def _drawn(*, seed: int, cracked: bool, scene: str, exif: Exif) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.jpg"
        draw_photo(seed=seed, cracked=cracked, scene=scene, size=SIZE, exif=exif, out=path)
        return path.read_bytes()


def _exif(*, taken_at: datetime, place: Place) -> Exif:
    """Return what a camera would write; its field of the camera says plainly that it is drawn."""
    exif = Exif()
    exif[Base.Model] = "Drawn by Hairline"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    for reference, tag, degrees in (
        ("NS", GPS.GPSLatitude, place[0]),
        ("EW", GPS.GPSLongitude, place[1]),
    ):
        exif.get_ifd(IFD.GPSInfo)[tag - 1] = reference[degrees < 0]
        exif.get_ifd(IFD.GPSInfo)[tag] = (abs(degrees), 0.0, 0.0)
    return exif
