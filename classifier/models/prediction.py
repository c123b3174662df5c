"""One model version's answer for one photo."""

from collections.abc import Iterator

from django.db import models
from django.db.models import Count, F, Q

from classifier.states import Verdict


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def doubled(self) -> Iterator[tuple[int, int, int]]:
        """Photo, model version and count wherever one version answered a photo twice."""
        pairs = self.order_by().values_list("photo", "model_version").annotate(Count("id"))
        yield from pairs.filter(id__count__gt=1)


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
        return f"{self.get_verdict_display()} · {self.score:.2f}"


class Region(models.Model):
    """A connected area of crack evidence: a polygon in fractions of width and height."""

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="regions")
    outline = models.JSONField()
    score = models.FloatField()

    class Meta:
        ordering = ["-score", "id"]

    def __str__(self) -> str:
        return f"Region {self.pk} · {self.score:.2f}"

    @property
    def points(self) -> str:
        """The outline as an SVG `points` value in a 0–1 view box."""
        return " ".join(f"{x:.4f},{y:.4f}" for x, y in self.outline)
