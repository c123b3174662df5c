"""Rows of a site that has been used for years, without their files: for measuring pages.

A tenth of the photos belongs to the first structure, in visits of a thousand; the others share the
rest. Of a hundred photos fifteen are flagged and five undecided, three in five of those decided.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TypeVar

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, OuterRef, Subquery
from django.utils import timezone

from classifier import versions
from classifier.models import (
    AuditEvent,
    AuditSample,
    Decision,
    Element,
    Inspection,
    ModelVersion,
    Photo,
    PhotoSet,
    Prediction,
    Region,
    Structure,
    User,
)
from classifier.states import Cause, Outcome, PhotoState, Verdict

RowT = TypeVar("RowT", bound=Model)

BATCH = 2_000
VISITS_OF_THE_FIRST, VISITS, SETS = 10, 4, 2
OUTLINE = [[0.2, 0.2], [0.6, 0.25], [0.55, 0.4], [0.25, 0.35]]


@transaction.atomic  # photos and predictions point at each other, and are checked at the end
def fill(photos: int, *, structures: int, seed: int = 1) -> User:
    """Fill an empty database; return an admin who may see and decide everything."""
    dice = random.Random(seed)
    admin = User.objects.create_superuser("bench", password=None)
    admin.groups.set(Group.objects.all())
    version = versions.register_released()
    sets = _visits(structures, by=admin)
    _many(Photo, _photos(photos, sets, dice, by=admin))
    _many(Prediction, _predictions(version, dice))
    _many(Region, (Region(prediction_id=pk, outline=OUTLINE, score=0.9) for pk in _looked_at()))
    decided = [pk for pk in _looked_at() if dice.random() < 0.6]
    _many(Decision, (_decision(pk, dice, by=admin) for pk in decided))
    given = Decision.objects.filter(photo=OuterRef("pk")).values("pk")
    Photo.objects.filter(pk__in=decided).update(decision=Subquery(given))
    _audit_samples(version, dice, by=admin)
    _many(AuditEvent, _events(photos * 3 // 2, dice, by=admin))
    return admin


def _many(model: type[RowT], rows: Iterator[RowT]) -> None:
    model._default_manager.bulk_create(rows, batch_size=BATCH)


def _visits(structures: int, *, by: User) -> list[PhotoSet]:
    """Register the structures and their visits; return the photo sets."""
    kinds = list(Structure.Kind)
    named = [
        Structure(
            name=f"Structure {number:04}",
            kind=kinds[number % len(kinds)],
            location=f"km {number / 10:.1f}",
            latitude=47 + number % 97 / 50,
            longitude=8 + number % 89 / 40,
            created_by=by,
        )
        for number in range(structures)
    ]
    Structure.objects.bulk_create(named)
    rows = list(Structure.objects.order_by("pk"))
    Element.objects.bulk_create(Element(structure=row, name="deck") for row in rows)
    Inspection.objects.bulk_create(
        Inspection(
            structure=row, date=date(2026, 6, 1) - timedelta(days=200 * visit), created_by=by
        )
        for row in rows
        for visit in range(VISITS_OF_THE_FIRST if row is rows[0] else VISITS)
    )
    elements = dict(Element.objects.values_list("structure", "pk"))
    PhotoSet.objects.bulk_create(
        PhotoSet(inspection=visit, uploaded_by=by, element_id=elements[visit.structure_id])
        for visit in Inspection.objects.order_by("pk")
        for _ in range(SETS)
    )
    return list(PhotoSet.objects.select_related("inspection").order_by("pk"))


def _photos(count: int, sets: list[PhotoSet], dice: random.Random, *, by: User) -> Iterator[Photo]:
    first = [row for row in sets if row.inspection.structure_id == sets[0].inspection.structure_id]
    others = sets[len(first) :]
    states = [PhotoState.WAITING, PhotoState.UNREADABLE, PhotoState.CLASSIFIED]
    for number in range(1, count + 1):
        mine = first if number <= count // 10 else others
        photo_set = mine[number % len(mine)]
        state = dice.choices(states, [1, 0.2, 98.8])[0]
        yield Photo(
            id=number,
            photo_set=photo_set,
            structure_id=photo_set.inspection.structure_id,
            name=f"IMG_{number:06}.JPG",
            sha256=f"{number:064x}",
            byte_size=6_000_000,
            media_type="image/jpeg",
            width=4000,
            height=3000,
            uploaded_by=by,
            # Its answer gets the same number; the check wants it from the start.
            prediction_id=number if state == PhotoState.CLASSIFIED else None,
            state=state,
            sharpness=dice.random(),
            dark_share=0.0,
            bright_share=0.0,
            taken_at=timezone.now() - timedelta(minutes=count - number),
            ended_at=None if state == PhotoState.WAITING else timezone.now(),
        )


def _predictions(version: ModelVersion, dice: random.Random) -> Iterator[Prediction]:
    bands = {Verdict.FLAGGED: (0.7, 1.0), Verdict.UNDECIDED: (0.3, 0.7), Verdict.CLEAR: (0, 0.3)}
    for pk in Photo.objects.classified().ids():
        verdict = dice.choices(list(bands), [15, 5, 80])[0]
        yield Prediction(
            id=pk,
            photo_id=pk,
            model_version=version,
            score=dice.uniform(*bands[verdict]),
            verdict=verdict,
            clear_below=0.3,
            flagged_from=0.7,
            weights_sha256=version.weights_sha256,
            map_width=32,
            map_height=24,
            seconds=0.4,
        )


def _looked_at() -> list[int]:
    return Photo.objects.needing_a_look().ids()


def _decision(pk: int, dice: random.Random, *, by: User) -> Decision:
    outcome = dice.choice([Outcome.CONFIRMED, Outcome.DISMISSED])
    cause = dice.choice(list(Cause)) if outcome == Outcome.DISMISSED else ""
    return Decision(photo_id=pk, prediction_id=pk, outcome=outcome, cause=cause, by=by)


def _audit_samples(version: ModelVersion, dice: random.Random, *, by: User) -> None:
    """Draw forty clear photos of every tenth visit."""
    for visit in Inspection.objects.order_by("pk")[::10]:
        clear = Photo.objects.for_inspection(visit).cleared_by(version).ids()
        if clear:
            sample = AuditSample.objects.create(
                inspection=visit,
                model_version=version,
                clear_count=len(clear),
                wished=0.05,
                by=by,
            )
            sample.photos.set(dice.sample(clear, min(40, len(clear))))


def _events(count: int, dice: random.Random, *, by: User) -> Iterator[AuditEvent]:
    """Give events such as uploads and decisions leave, of the last three years."""
    actions = ["photo stored", "photo confirmed", "photo dismissed", "signed in"]
    for number in range(count):
        yield AuditEvent(
            action=dice.choice(actions),
            actor=by,
            subject_type="photo",
            subject_id=number + 1,
            subject=f"IMG_{number:06}.JPG",
            detail={"size": 6_000_000},
        )
