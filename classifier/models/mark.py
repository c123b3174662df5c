"""A place that a reviewer marked on a photo. Marks only append; taking one back is a new row."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from classifier.models.append_only import Withdrawable, WithdrawableQuerySet
from classifier.states import MarkKind, MarkShape

if TYPE_CHECKING:
    from classifier.models import Photo


class MarkQuerySet(WithdrawableQuerySet["Mark"]):
    def standing_on(self, photo: "Photo") -> "MarkQuerySet":
        """Marks that nobody took back, oldest first."""
        return self.standing().filter(photo=photo)

    def missed_by_photo(self) -> dict[int, list[list[float]]]:
        """Boxes (left, top, right, bottom) around the cracks that people marked, by photo."""
        boxes: dict[int, list[list[float]]] = {}
        for mark in self.standing().filter(kind=MarkKind.MISSED).order_by("id"):
            (left, right), (top, bottom) = sorted((mark.x1, mark.x2)), sorted((mark.y1, mark.y2))
            boxes.setdefault(mark.photo_id, []).append([left, top, right, bottom])
        return boxes


class Mark(Withdrawable):
    """A box or a line; x and y are fractions of the upright photo's width and height."""

    photo = models.ForeignKey("classifier.Photo", on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(max_length=8, choices=MarkKind.choices)
    shape = models.CharField(max_length=8, choices=MarkShape.choices)
    x1 = models.FloatField()
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    remark = models.CharField(max_length=500, blank=True)
    decision = models.ForeignKey(
        "classifier.Decision",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the confirmation that was written with this mark",
    )

    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="mark_within_its_photo",
                condition=Q(x1__range=(0, 1), y1__range=(0, 1), x2__range=(0, 1), y2__range=(0, 1)),
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def corners(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]

    @property
    def outline(self) -> list[list[float]]:
        """The corners of the box, or the line there and back: a closed outline as regions have."""
        if self.shape == MarkShape.BOX:
            left, top, right, bottom = self.corners
            return [[left, top], [right, top], [right, bottom], [left, bottom]]
        return [[self.x1, self.y1], [self.x2, self.y2], [self.x1, self.y1]]

    @property
    def points(self) -> str:
        """The outline as an SVG `points` value in a 0–1 view box."""
        return " ".join(f"{x:.4f},{y:.4f}" for x, y in self.outline)
