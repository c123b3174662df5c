"""What a training run learns from and what only measures: people's labels, split by structure.

A manifest is a list of entries, one a photo, frozen when the run is asked for. A structure's side
is drawn once, when it first enters a manifest, and stands from then on: what measures one version
has taught none of the versions before it either.
"""

import hashlib
import json
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from classifier.engine import FEWEST_MEASURED
from classifier.models import Mark, Photo, Region, Structure
from classifier.states import Outcome, Side

Entry = dict[str, Any]

MIN_PHOTOS_OF_A_KIND = 4
"""Fewer confirmed or dismissed photos than this teach nothing that lasts."""
MIN_STRUCTURES = 2
"""One to learn from, one to measure on."""
TEST_SHARE = 0.25
_SALT = "held out"


@dataclass(frozen=True)
class Bar:
    """How far one of the conditions for a training run is met."""

    what: str
    there: int
    needed: int

    @property
    def is_met(self) -> bool:
        return self.there >= self.needed


class LeakedSplit(Exception):
    """A photo would both teach and measure; the message names it and says what to do."""


def bars(entries: Iterable[Entry]) -> list[Bar]:
    """Return what a run needs, and how much of it these labels are."""
    entries = list(entries)
    confirmed = sum(entry["cracked"] for entry in entries)
    structures = len({entry["structure"] for entry in entries})
    return [
        Bar(_("confirmed photos"), confirmed, MIN_PHOTOS_OF_A_KIND),
        Bar(_("dismissed photos"), len(entries) - confirmed, MIN_PHOTOS_OF_A_KIND),
        Bar(_("structures with reviewed photos"), structures, MIN_STRUCTURES),
    ]


def teaching_bars(entries: list[Entry]) -> list[Bar]:
    """Return what a run needs of the structures that teach, and how much of it these labels are."""
    learned = [entry["cracked"] for entry in of_side(entries, Side.LEARN)]
    confirmed = sum(learned)
    return [
        Bar(_("photos of structures that teach"), len(learned), MIN_PHOTOS_OF_A_KIND),
        Bar(_("confirmed photos of structures that teach"), confirmed, 1),
        Bar(_("dismissed photos of structures that teach"), len(learned) - confirmed, 1),
    ]


def gate_bars(entries: list[Entry]) -> list[Bar]:
    """Return what the gate will need to compare on, and how much of it these labels are: those of
    structures that only measure.
    """
    measuring = [entry["cracked"] for entry in of_side(entries, Side.TEST)]
    confirmed = sum(measuring)
    return [
        Bar(_("confirmed photos"), confirmed, FEWEST_MEASURED),
        Bar(_("dismissed photos"), len(measuring) - confirmed, FEWEST_MEASURED),
    ]


def freeze() -> list[Entry]:
    """Return an entry for each labelled photo as it is decided now; draw the sides still open.

    Call it in the transaction that stores the run: a run that is not stored leaves no side drawn.
    """
    entries = labels()
    standing, drawn = _sides(entries)
    for pk, side in drawn.items():
        Structure.objects.take_side(pk, side)
    return _with_sides(entries, standing | drawn)


def _sides(entries: list[Entry]) -> tuple[dict[int, str], dict[int, Side]]:
    """Return the structures' sides as they stand, and those that a run of these entries draws."""
    standing = Structure.objects.sides()
    shown = {entry["structure"] for entry in entries}
    return standing, draw_sides({pk: s for pk, s in standing.items() if s or pk in shown})


def _with_sides(entries: list[Entry], sides: Mapping[int, str]) -> list[Entry]:
    return [entry | {"side": str(sides[entry["structure"]])} for entry in entries]


def labels() -> list[Entry]:
    """Return what people decided: photo, bytes, place, crack or none, who said so and when; and
    where they marked a crack, what was outlined when they answered, and which of these outlines
    they cleared on a photo with a crack.

    Photos on which nobody could tell are left out; what a model says is never a label.
    """
    marked = Mark.objects.missed_by_photo()
    outlined = Region.objects.answered_by_photo()
    cleared = Region.objects.cleared_by_photo()
    return [
        {
            "photo": photo.pk,
            "name": photo.name,
            "sha256": photo.sha256,
            "structure": photo.structure_id,
            "kind": photo.structure.kind,
            "set": photo.photo_set_id,
            "cracked": photo.decision.outcome == Outcome.CONFIRMED,
            "cause": photo.decision.cause,
            "marks": marked.get(photo.pk, []),
            "regions": outlined.get(photo.pk, []),
            "cleared": cleared.get(photo.pk, []),
            "manner": str(photo.decision.manner),
            "agrees": photo.decision.agrees,
            "reviewer": photo.decision.by_id,
            "decided_at": photo.decision.created_at.isoformat(),
        }
        for photo in Photo.objects.for_labels()
        if photo.decision
    ]


def outline() -> list[Entry]:
    """Return of `labels` what bars and `changes_since` look at: a page asks for it each time. Sides
    stand in it as a run asked for now would draw them; none is drawn.
    """
    marked, cleared = Mark.objects.missed_by_photo(), Region.objects.cleared_by_photo()
    entries = [
        {
            "photo": photo,
            "structure": structure,
            "cracked": outcome == Outcome.CONFIRMED,
            "marks": marked.get(photo, []),
            "cleared": cleared.get(photo, []),
            "decided_at": decided_at.isoformat(),
        }
        for photo, structure, outcome, decided_at in Photo.objects.said()
    ]
    standing, drawn = _sides(entries)
    return _with_sides(entries, standing | drawn)


def draw_sides(sides: Mapping[int, str]) -> dict[int, Side]:
    """Choose a side for each structure (by id) that has none; those that have one keep it.

    By salted hash, and so many that a quarter of all structures, rounded up, only measure.
    """
    tests = math.ceil(len(sides) * TEST_SHARE) - list(sides.values()).count(Side.TEST)
    undrawn = sorted((pk for pk, side in sides.items() if not side), key=_salted)
    return {pk: Side.TEST if place < tests else Side.LEARN for place, pk in enumerate(undrawn)}


def _salted(structure: int) -> bytes:
    return hashlib.sha256(f"{_SALT} {structure}".encode()).digest()


def digest(manifest: list[Entry]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def of_side(manifest: Iterable[Entry], side: Side) -> list[Entry]:
    return [entry for entry in manifest if entry["side"] == side]


def changes_since(earlier: Iterable[Entry], now: Iterable[Entry]) -> int:
    """Count the photos whose label is new, was decided again, or is gone."""
    before, after = ({_said(entry) for entry in entries} for entries in (earlier, now))
    return len({photo for photo, *_ in before ^ after})


def _said(entry: Entry) -> tuple[int, str, str]:
    places = entry.get("marks", []), entry.get("cleared", [])
    return entry["photo"], entry["decided_at"], str(places)


def refuse_leaks(manifest: list[Entry], *, known: Container[str]) -> None:
    """Raise LeakedSplit where one structure, photo set or file would stand on both sides, or a file
    would measure that is `known` by its SHA-256 to show what earlier runs have learned from.
    """
    learned, measured = (of_side(manifest, side) for side in (Side.LEARN, Side.TEST))
    for what in ("structure", "set", "sha256"):
        teaching = {entry[what]: entry for entry in learned}
        for entry in measured:
            if entry[what] in teaching:
                raise LeakedSplit(_sentence(what, entry, teaching[entry[what]]))
    for entry in measured:
        if entry["sha256"] in known:
            raise LeakedSplit(
                f"{entry['name']} would measure what this run learns, but an earlier run has "
                "learned from the same picture, and training goes on from there: the figures would "
                "flatter. Nothing was trained. Answer “can’t tell” on it and start again, or start "
                "afresh from the shipped model."
            )


def _sentence(what: str, measured: Entry, learned: Entry) -> str:
    shared = {"structure": "structure", "set": "photo set", "sha256": "file"}[what]
    return (
        f"{learned['name']} would be learned from and {measured['name']} would measure it, but "
        f"both belong to one {shared}: the figures would flatter. Nothing was trained. Answer "
        "“can’t tell” on one of the two and start again."
    )
