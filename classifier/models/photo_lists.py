"""In what order photos are listed, with which of their rows, and how many there are of a kind."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Case, Count, F, FloatField, IntegerField, Min, Prefetch, Value, When
from django.db.models.functions import Abs, Cast, Mod

from classifier.models.mark import Mark
from classifier.models.moves import StateQuerySet
from classifier.models.region import ClearedRegion
from classifier.models.sign_off import SignOff
from classifier.states import PhotoOrder, Verdict

if TYPE_CHECKING:
    from classifier.models import Inspection, Photo


def _unmarked_score() -> Case:
    """The score; of a clear photo any flagged one, so that its place in a list gives no sign."""
    strewn = F("prediction__flagged_from") + (1 - F("prediction__flagged_from")) * (
        Cast(Mod(F("id") * 7919, 1000), FloatField()) / 1000.0
    )
    return Case(
        When(prediction__verdict=Verdict.CLEAR, then=strewn),
        default=F("prediction__score"),
        output_field=FloatField(),
    )


def _doubt() -> Abs:
    """How far the (unmarked) score lies from the middle between the thresholds."""
    middle = (F("prediction__clear_below") + F("prediction__flagged_from")) / 2
    return Abs(_unmarked_score() - middle)


def _outlines() -> tuple[Any, ...]:
    """The regions of the answer that a photo shows, each with whether it is cleared."""
    cleared, regions = ClearedRegion.objects.standing(), "prediction__regions"
    return regions, Prefetch(f"{regions}__clearings", cleared, to_attr="standing_clearings")


class PhotoLists(StateQuerySet["Photo"]):
    def unsigned(self) -> Self:
        """Photos outside of inspections that are signed off, where no verdict may change."""
        return self.exclude(photo_set__inspection__in=SignOff.objects.signed_inspections())

    def by_concern(self) -> Self:
        """Flagged, undecided, clear, then the rest; each by score, highest first."""
        rank = Case(
            When(prediction__verdict=Verdict.FLAGGED, then=Value(0)),
            When(prediction__verdict=Verdict.UNDECIDED, then=Value(1)),
            When(prediction__verdict=Verdict.CLEAR, then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
        return self.order_by(rank, F("prediction__score").desc(nulls_last=True), "id")

    def in_order(self, order: str) -> Self:
        if order == PhotoOrder.TAKEN:
            return self.order_by(F("taken_at").asc(nulls_last=True), "id")
        return self.order_by("name", "id") if order == PhotoOrder.NAME else self.by_concern()

    def by_confidence_unmarked(self) -> Self:
        """Flagged first, each by score. Clear photos drawn for an audit are strewn among them."""
        last = Case(When(prediction__verdict=Verdict.UNDECIDED, then=1), default=0)
        return self.order_by(last, _unmarked_score().desc(), "id")

    def by_uncertainty(self) -> Self:
        """Nearest to the middle between the two thresholds first: where a person helps most."""
        return self.order_by(_doubt(), "id")

    def by_lesson(self) -> Self:
        """What teaches most first (see `lessons`); what is not ordered yet by uncertainty."""
        return self.order_by(F("prediction__lesson").asc(nulls_last=True), _doubt(), "id")

    def by_structure(self) -> Self:
        """Structure after structure, each as its photos were taken."""
        return self.order_by("structure__name", F("taken_at").asc(nulls_last=True), "id")

    def same_place_elsewhere(self, photo: "Photo") -> Self:
        """Photos of the same element in the structure's other inspections, newest visit first."""
        photos = self.filter(
            structure=photo.structure_id,
            photo_set__element=photo.photo_set.element_id,
            prediction__isnull=False,
        ).exclude(photo_set__inspection=photo.photo_set.inspection_id)
        score = F("prediction__score").desc()
        return photos.order_by("-photo_set__inspection__date", score, "id").for_page()

    def with_bytes(self, sha256: str) -> "Photo | None":
        return self.filter(sha256=sha256).first()

    def by_bytes(self, digests: Iterable[str]) -> dict[str, "Photo"]:
        """The photos with one of these SHA-256 digests, by digest."""
        return {photo.sha256: photo for photo in self.filter(sha256__in=list(digests))}

    def twin_of(self, photo: "Photo") -> "Photo | None":
        """The earliest other photo of the same bytes; it is of another structure."""
        twins = self.filter(sha256=photo.sha256).exclude(pk=photo.pk).order_by("id")
        return twins.select_related("structure", "photo_set__inspection").first()

    def newest_visit_first(self) -> Self:
        """Judged photos: those of the last inspection first, each by score."""
        score = F("prediction__score").desc()
        judged = self.filter(prediction__isnull=False)
        return judged.order_by("-photo_set__inspection__date", score, "id")

    def for_cards(self) -> Self:
        return self.select_related("prediction", "decision__by", "photo_set__element")

    def for_page(self) -> Self:
        return self.select_related(
            "prediction__model_version",
            "decision__by",
            "photo_set__inspection",
            "photo_set__element",
            "structure",
            "uploaded_by",
        ).prefetch_related(*_outlines())

    def for_report(self, inspection: "Inspection") -> Self:
        """All photos of one inspection as they were taken, with their outlines and marks."""
        marks = Prefetch("marks", Mark.objects.standing(), to_attr="standing_marks")
        photos = self.filter(photo_set__inspection=inspection).select_related(
            "prediction__model_version", "decision__by", "photo_set__element"
        )
        slim = photos.defer("prediction__model_version__card")
        return slim.prefetch_related(*_outlines(), marks).order_by(
            F("taken_at").asc(nulls_last=True), "id"
        )

    def for_verification(self, *, after: int, limit: int) -> list["Photo"]:
        """The next photos by id, with all that verification looks at."""
        related = self.select_related("prediction__model_version", "photo_set__inspection")
        slim = related.defer("prediction__model_version__card", "notices")
        return list(slim.filter(pk__gt=after).order_by("pk")[:limit])

    def for_backup(self) -> list["Photo"]:
        """All photos, with no more than says where their files lie."""
        return list(self.order_by("pk").only("pk", "key", "media_type"))

    # --- figures ---
    def counts_by(self, field: str) -> dict[str, int]:
        rows = self.order_by().values_list(field).annotate(Count("id"))
        return {str(value): count for value, count in rows if value is not None}

    def counts_by_both(self, first: str, second: str) -> dict[tuple[str, str], int]:
        rows = self.order_by().values_list(first, second).annotate(Count("id"))
        return {(one, other): count for one, other, count in rows}

    def counts_by_decision(self) -> dict[tuple[str, bool], int]:
        """By outcome and whether it was judged blind; ("", False) without a decision."""
        named = ("decision__outcome", "decision__blind")
        rows = self.order_by().values_list(*named).annotate(Count("id"))
        return {(outcome or "", bool(blind)): count for outcome, blind, count in rows}

    def counts_in_sets(self, field: str) -> dict[int, dict[str, int]]:
        """By photo set: how many of its photos have each value of `field`."""
        found: dict[int, dict[str, int]] = {}
        rows = self.order_by().values_list("photo_set", field).annotate(Count("id"))
        for photo_set, value, count in rows:
            found.setdefault(photo_set, {})[str(value)] = count
        return found

    def pace_in_sets(self, now: datetime, window: timedelta) -> dict[int, float]:
        """By photo set: how many photos a minute reached an end within `window`, where any did."""
        recent = self.filter(ended_at__gte=now - window).order_by().values_list("photo_set")
        return {
            photo_set: count / max((now - first).total_seconds() / 60, 1 / 60)
            for photo_set, count, first in recent.annotate(Count("id"), Min("ended_at"))
            if count > 1
        }
