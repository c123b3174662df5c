"""What is inspected: structures, their elements, and the dated visits to them."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, Max, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from classifier.states import NEEDS_A_LOOK, PENDING, Side, StructureOrder

if TYPE_CHECKING:
    from datetime import date

    from classifier.models import Photo


def today() -> "date":
    return timezone.localdate()


class StructureQuerySet(models.QuerySet["Structure"]):
    def with_counts(self) -> "StructureQuerySet":
        """Add photo_count, waiting_count, flagged_count and unreviewed_count."""
        flagged = Q(photos__prediction__verdict__in=NEEDS_A_LOOK)
        return self.annotate(
            photo_count=Count("photos"),
            waiting_count=Count("photos", filter=Q(photos__state__in=PENDING)),
            flagged_count=Count("photos", filter=flagged),
            unreviewed_count=Count("photos", filter=flagged & Q(photos__decision__isnull=True)),
        )

    def counted(self, keys: Iterable[int]) -> list["Structure"]:
        """Load these structures with their counts, in the order given; left out is one that was
        deleted meanwhile.
        """
        keys = list(keys)
        found = self.with_counts().in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def most_urgent(self, count: int) -> list["Structure"]:
        """Load so many structures with their counts, most unreviewed photos first.

        Ranked by the photos that still want somebody: all others are many times as many.
        """
        unreviewed = self.filter(
            photos__prediction__verdict__in=NEEDS_A_LOOK, photos__decision__isnull=True
        ).photo_counts()
        waiting = self.filter(photos__state__in=PENDING).photo_counts()
        names = self.names()
        keys = sorted(names, key=lambda pk: (-unreviewed[pk], -waiting[pk], names[pk]))[:count]
        return self.counted(keys)

    def photo_counts(self) -> Counter[int]:
        """Count, by structure, the photos that a filter on photos has left."""
        rows = self.order_by().values_list("pk").annotate(Count("photos"))
        return Counter(dict(rows))

    def on_map(self) -> "StructureQuerySet":
        """Those with coordinates, with their counts."""
        placed = self.filter(latitude__isnull=False, longitude__isnull=False)
        return placed.with_counts().order_by("name")

    def matching(self, words: str, *, kind: str = "") -> "StructureQuerySet":
        """Keep structures whose name or location contains `words`, of one kind if it is given."""
        found = self.filter(Q(name__icontains=words) | Q(location__icontains=words))
        return found.filter(kind=kind) if kind else found

    def in_order(self, order: str) -> "StructureQuerySet":
        if order == StructureOrder.UNREVIEWED:
            order_by = (F("unreviewed_count").desc(), F("waiting_count").desc(), "name")
            return self.with_counts().order_by(*order_by)
        if order == StructureOrder.VISITED:
            visited = self.annotate(last_visit=Max("inspections__date"))
            return visited.order_by(F("last_visit").desc(nulls_last=True), "name")
        return self

    def called(self, names: Iterable[str]) -> set[str]:
        """Those of these names that a structure has."""
        return set(self.filter(name__in=list(names)).values_list("name", flat=True))

    def described(self, pk: int) -> dict[str, object]:
        """What people wrote of a structure, with the names of its elements."""
        facts = ("name", "kind", "location", "latitude", "longitude")
        row = self.values(*facts, "reinforcement", "exposure", "notes").get(pk=pk)
        elements = Element.objects.filter(structure=pk).order_by("name")
        return {**row, "elements": list(elements.values_list("name", flat=True))}

    def names(self) -> dict[int, str]:
        return dict(self.order_by().values_list("pk", "name"))

    def sides(self) -> dict[int, str]:
        """Return every structure's side in training by id; empty where none is drawn yet."""
        return dict(self.order_by().values_list("pk", "side"))

    def take_side(self, pk: int, side: Side) -> bool:
        """Give a structure its side; False where it has one, which stays."""
        return bool(self.filter(pk=pk, side="").update(side=side))


class Structure(models.Model):
    class Kind(models.TextChoices):
        BRIDGE = "bridge", _("Bridge")
        TUNNEL = "tunnel", _("Tunnel")
        RETAINING_WALL = "retaining_wall", _("Retaining wall")
        BUILDING = "building", _("Building")
        ROAD = "road", _("Road")
        DAM = "dam", _("Dam")
        OTHER = "other", _("Other")

    class Reinforcement(models.TextChoices):
        PLAIN = "plain", _("Plain")
        REINFORCED = "reinforced", _("Reinforced")
        PRESTRESSED = "prestressed", _("Prestressed")

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField("type", max_length=20, choices=Kind.choices)
    location = models.CharField(max_length=200, blank=True)
    latitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    reinforcement = models.CharField(max_length=11, choices=Reinforcement.choices, blank=True)
    exposure = models.CharField(max_length=40, blank=True)
    notes = models.TextField(max_length=4000, blank=True)
    side = models.CharField(
        "in training",
        max_length=5,
        choices=Side.choices,
        blank=True,
        editable=False,
        help_text="drawn with the first training run that meets its photos; never changed",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StructureQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="structure_latitude_in_degrees",
                condition=Q(latitude__isnull=True) | Q(latitude__range=(-90, 90)),
            ),
            models.CheckConstraint(
                name="structure_longitude_in_degrees",
                condition=Q(longitude__isnull=True) | Q(longitude__range=(-180, 180)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ElementQuerySet(models.QuerySet["Element"]):
    def unused_of(self, structure: Structure) -> "ElementQuerySet":
        return self.filter(structure=structure, photo_sets__isnull=True)


class Element(models.Model):
    """A named part of a structure: a deck, a pier, a wall panel."""

    structure = models.ForeignKey(Structure, on_delete=models.CASCADE, related_name="elements")
    name = models.CharField(max_length=80)

    objects = ElementQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["structure", "name"], name="element_named_once")
        ]

    def __str__(self) -> str:
        return self.name


class InspectionQuerySet(models.QuerySet["Inspection"]):
    def lock(self, pk: int) -> "Inspection":
        """The inspection, unchangeable by others until the transaction ends."""
        return self.select_for_update().get(pk=pk)

    def lock_all(self) -> None:
        """Let nobody else decide, sign or reopen anywhere until the transaction ends."""
        list(self.select_for_update().order_by("pk").values_list("pk"))

    def lock_of(self, photo: "Photo") -> "Inspection":
        return self.select_for_update(of=("self",)).get(photo_sets=photo.photo_set_id)

    def with_counts(self) -> "InspectionQuerySet":
        """Add photo_count, flagged_count and unreviewed_count."""
        photos = "photo_sets__photos"
        flagged = Q(**{f"{photos}__prediction__verdict__in": NEEDS_A_LOOK})
        undecided = Q(**{f"{photos}__decision__isnull": True})
        return self.annotate(
            photo_count=Count(photos),
            flagged_count=Count(photos, filter=flagged),
            unreviewed_count=Count(photos, filter=flagged & undecided),
        )


class Inspection(models.Model):
    """A dated visit to one structure."""

    structure = models.ForeignKey(Structure, on_delete=models.CASCADE, related_name="inspections")
    date = models.DateField(default=today)
    title = models.CharField(max_length=120, default="Inspection")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        ordering = ["-date", "-id"]

    def __str__(self) -> str:
        return f"{self.title}, {date_format(self.date, pgettext('format', 'j F Y'))}"
