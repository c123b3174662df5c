"""Where an answer saw a crack, and in which of these places people saw none."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef

from classifier.models.append_only import Withdrawable, WithdrawableQuerySet
from classifier.scores import written
from classifier.states import Outcome

if TYPE_CHECKING:
    from classifier.models import Photo

_PHOTO = "prediction__photo"
_OUTCOME = f"{_PHOTO}__decision__outcome"


class RegionQuerySet(models.QuerySet["Region"]):
    def answered(self) -> "RegionQuerySet":
        """Those of the answers on which people's standing decisions were made."""
        return self.filter(prediction=F(f"{_PHOTO}__decision__prediction"))

    def cleared(self) -> "RegionQuerySet":
        return self.filter(_is_cleared(), **{_OUTCOME: Outcome.CONFIRMED})

    def clearable(self, photo: "Photo", ids: Iterable[int]) -> "RegionQuerySet":
        """Those of the regions (by id) on which the photo was confirmed, not cleared yet."""
        said = self.answered().filter(~_is_cleared(), prediction__photo=photo, pk__in=list(ids))
        return said.filter(**{_OUTCOME: Outcome.CONFIRMED})

    def answered_by_photo(self) -> dict[int, list[list[float]]]:
        """Boxes (left, top, right, bottom) around the regions on which people's standing decisions
        were made, by photo, the strongest first.

        A confirmation says that there is a crack, not that each region is one: of a confirmed
        photo's regions those count that nobody cleared and that were strong enough to flag it, or
        else the strongest.
        """
        said = self.answered().exclude(pk__in=Region.objects.answered().cleared().values("pk"))
        named = (_PHOTO, "outline", "score", "prediction__flagged_from", _OUTCOME)
        rows = said.order_by(_PHOTO, "-score", "id").values_list(*named)
        boxes: dict[int, list[list[float]]] = {}
        for photo, outline, score, flagged_from, outcome in rows:
            found = boxes.setdefault(photo, [])
            if outcome != Outcome.CONFIRMED or score >= flagged_from or not found:
                found.append(_box(outline))
        return boxes

    def cleared_by_photo(self) -> dict[int, list[list[float]]]:
        """Boxes around the regions that people cleared on photos that stand as confirmed."""
        rows = self.answered().cleared().order_by("id").values_list(_PHOTO, "outline")
        boxes: dict[int, list[list[float]]] = {}
        for photo, outline in rows:
            boxes.setdefault(photo, []).append(_box(outline))
        return boxes


def _is_cleared() -> Exists:
    return Exists(ClearedRegion.objects.standing().filter(region=OuterRef("pk")))


def _box(outline: list[list[float]]) -> list[float]:
    across, down = zip(*outline, strict=True)
    return [min(across), min(down), max(across), max(down)]


class Region(models.Model):
    """A connected area of crack evidence: a polygon in fractions of width and height."""

    prediction = models.ForeignKey(
        "classifier.Prediction", on_delete=models.CASCADE, related_name="regions"
    )
    outline = models.JSONField()
    score = models.FloatField()

    objects = RegionQuerySet.as_manager()

    standing_clearings: "Sequence[ClearedRegion]"
    """One at most, where the photo's lists loaded it."""

    class Meta:
        ordering = ["-score", "id"]

    def __str__(self) -> str:
        return f"Region {self.pk} · {written(self.score)}"

    @property
    def is_cleared(self) -> bool:
        """Whether a person saw no crack in it, as far as that was loaded."""
        return bool(getattr(self, "standing_clearings", ()))

    @property
    def points(self) -> str:
        """The outline as an SVG `points` value in a 0–1 view box."""
        return " ".join(f"{x:.4f},{y:.4f}" for x, y in self.outline)

    @property
    def top(self) -> tuple[float, float]:
        """The highest point, under which the outline's number stands, in fractions."""
        x, y = min(self.outline, key=lambda point: (point[1], point[0]))
        return min(x, 0.97), y


class ClearedRegion(Withdrawable):
    """A person saw no crack in it, on a photo that has one elsewhere."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="clearings")

    objects = WithdrawableQuerySet["ClearedRegion"].as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.region} cleared"
