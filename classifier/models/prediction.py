"""One model version's answer for one photo."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Floor

from classifier.models.capture import has_warnings
from classifier.models.sign_off import SignOff
from classifier.scores import written
from classifier.states import Outcome, Turn, Verdict

if TYPE_CHECKING:
    from classifier.models import ModelVersion, PhotoQuerySet


_VISIT = ("photo__structure", "photo__photo_set__inspection__date")


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def doubled(self) -> Iterator[tuple[int, int, int]]:
        """Photo, model version and count wherever one version answered a photo twice."""
        pairs = self.order_by().values_list("photo", "model_version").annotate(Count("id"))
        yield from pairs.filter(id__count__gt=1)

    def durations(self, bounds: tuple[float, ...]) -> tuple[list[int], int, float]:
        """How many answers took at most each bound, how many there are, and their seconds."""
        within = {f"within_{n}": Count("id", Q(seconds__lte=b)) for n, b in enumerate(bounds)}
        found = self.order_by().aggregate(**within, all=Count("id"), sum=Sum("seconds"))
        return [found[name] for name in within], found["all"], found["sum"] or 0.0

    def scores(self) -> dict[int, float]:
        """The scores by photo; meant for the answers of one version."""
        return dict(self.order_by().values_list("photo", "score"))

    def by_photo(self, ids: Iterable[int]) -> dict[int, int]:
        """The ids of some answers by their photos'."""
        return dict(self.filter(pk__in=list(ids)).values_list("photo", "pk"))

    def of_photos(self, photos: "PhotoQuerySet") -> "PredictionQuerySet":
        """The answers that stand for these photos, as far as they have an embedding."""
        return self.filter(pk__in=photos.values("prediction")).exclude(embedding=b"")

    def unordered(self) -> "PredictionQuerySet":
        return self.filter(lesson__isnull=True)

    def newest_embeddings(self, limit: int) -> list[bytes]:
        return [bytes(one) for one in self.values_list("embedding", flat=True)[:limit]]

    def keep_lessons(self, places: dict[int, int]) -> None:
        rows = [Prediction(pk=pk, lesson=place) for pk, place in places.items()]
        self.bulk_update(rows, ["lesson"], batch_size=200)

    def of_version(self, version: "ModelVersion") -> "PredictionQuerySet":
        return self.filter(model_version=version)

    def about(self, photos: "PhotoQuerySet") -> "PredictionQuerySet":
        return self.filter(photo__in=photos)

    def open_to_thresholds(self) -> "PredictionQuerySet":
        """Answers outside of inspections that are signed off, but for those that people decided
        on or that stand beside their decision.
        """
        signed = SignOff.objects.signed_inspections()
        seen = Q(photo__prediction=F("pk")) | Q(photo__decision__prediction=F("pk"))
        unseen = self.exclude(seen, photo__decision__isnull=False)
        return unseen.exclude(photo__photo_set__inspection__in=signed)

    def follow(self, version: "ModelVersion") -> int:
        """Judge what `version` answered by the thresholds it has now; return how many photos show
        another verdict. Their places in the order that teaches most are drawn anew.
        """
        in_force = {"clear_below": version.clear_below, "flagged_from": version.flagged_from}
        stale = self.of_version(version).exclude(**in_force)
        shown = stale.filter(photo__prediction=F("pk")).annotate(becomes=version.verdicts())
        turned = shown.exclude(verdict=F("becomes")).count()
        stale.update(**in_force, verdict=version.verdicts(), lesson=None)
        return turned

    def counts_by_visit(
        self, *, flagged_from: float
    ) -> "Iterator[tuple[int, date, float, int, int, int, int]]":
        """By structure, day of the visit and tenth of the score (0–10): photos, ones with at least
        the score `flagged_from`, ones whose quality was measured, and of these ones with a warning.
        """
        measured = Q(photo__sharpness__isnull=False)
        rows = self.order_by().annotate(tenth=Floor(F("score") * 10)).values_list(*_VISIT, "tenth")
        yield from rows.annotate(
            photos=Count("id"),
            flagged=Count("id", Q(score__gte=flagged_from)),
            measured=Count("id", measured),
            poor=Count("id", measured & has_warnings("photo__")),
        )

    def answered(self) -> "Iterator[tuple[str, int, date, float, str]]":
        """The file's SHA-256, structure, day of the visit, score and what people decided, where
        they said crack or no crack.
        """
        said = self.filter(photo__decision__outcome__in=[Outcome.CONFIRMED, Outcome.DISMISSED])
        outcome = "photo__decision__outcome"
        told = ("photo__sha256", *_VISIT, "score", outcome)
        yield from said.order_by().values_list(*told)

    def flips(
        self, version: "ModelVersion", beside: "ModelVersion", *, limit: int
    ) -> "dict[Turn, list[tuple[Prediction, float]]]":
        """Answers of `version` by what they turn beside those of `beside`, each with the score by
        that one. Both judge by the thresholds that they have now. The clearest come first.
        """
        both = self._held_beside(version, beside)
        turned = {
            turn: list(
                both.filter(is_turned)
                .order_by("-score" if turn in _UPWARDS else "score")
                .values_list("pk", "before")[:limit]
            )
            for turn, is_turned in _turned(version, beside).items()
        }
        shown = {pk for rows in turned.values() for pk, _ in rows}
        found = Prediction.objects.select_related("photo__decision").in_bulk(shown)
        return {turn: [(found[pk], at) for pk, at in rows] for turn, rows in turned.items()}

    def count_flips(self, version: "ModelVersion", beside: "ModelVersion") -> Counter[str]:
        """How many photos both judged (all), and how many of them each turn is true of."""
        both = self._held_beside(version, beside).filter(before__isnull=False).order_by()
        turned = {turn.value: Count("id", q) for turn, q in _turned(version, beside).items()}
        return Counter(both.aggregate(all=Count("id"), **turned))

    def _held_beside(self, version: "ModelVersion", beside: "ModelVersion") -> Any:
        """Answers of `version` with the score by `beside` as `before`."""
        other = Prediction.objects.filter(photo=OuterRef("photo"), model_version=beside)
        return self.of_version(version).annotate(before=Subquery(other.values("score")[:1]))


_UPWARDS = frozenset({Turn.NOW_FLAGGED, Turn.NEWLY_TO_LOOK_AT})


def _turned(version: "ModelVersion", beside: "ModelVersion") -> dict[Turn, Q]:
    """What tells the photos of each turn from `beside` to `version`."""
    flags, flagged = version.flagged_from, beside.flagged_from
    looks, looked = version.clear_below, beside.clear_below
    return {
        Turn.NOW_FLAGGED: Q(score__gte=flags, before__lt=flagged),
        Turn.NO_LONGER_FLAGGED: Q(score__lt=flags, before__gte=flagged),
        Turn.NEWLY_TO_LOOK_AT: Q(score__gte=looks, before__lt=looked),
        Turn.NO_LONGER_TO_LOOK_AT: Q(score__lt=looks, before__gte=looked),
    }


class Prediction(models.Model):
    photo = models.ForeignKey(
        "classifier.Photo", on_delete=models.CASCADE, related_name="predictions"
    )
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, related_name="predictions"
    )
    score = models.FloatField(help_text="calibrated probability of a crack, 0–1")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, db_index=True)
    clear_below = models.FloatField()
    flagged_from = models.FloatField()
    weights_sha256 = models.CharField(max_length=64)
    map_width = models.PositiveSmallIntegerField(help_text="cells of the evidence map")
    map_height = models.PositiveSmallIntegerField()
    seconds = models.FloatField()
    embedding = models.BinaryField(
        default=bytes, editable=False, help_text="what kind of place it is; see lessons.py"
    )
    lesson = models.PositiveIntegerField(
        null=True, editable=False, help_text="place in the order that teaches most"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["photo", "model_version"], name="one_prediction_per_photo_and_version"
            ),
            models.CheckConstraint(
                name="prediction_score_0_to_1", condition=Q(score__gte=0, score__lte=1)
            ),
            models.CheckConstraint(
                name="prediction_thresholds_in_order",
                condition=Q(clear_below__lte=F("flagged_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} · {written(self.score)}"
