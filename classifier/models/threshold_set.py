"""The thresholds a version has judged by, one row for each move; the newest hold."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet
from classifier.scores import written_threshold
from classifier.states import ThresholdOrigin

if TYPE_CHECKING:
    from classifier.models import ModelVersion, User

MOST_SHOWN = 50


class ThresholdSetQuerySet(AppendOnlyQuerySet["ThresholdSet"]):
    def append(
        self,
        version: "ModelVersion",
        *,
        origin: ThresholdOrigin,
        by: "User | None" = None,
        photos: int = 0,
    ) -> "ThresholdSet":
        """Keep the thresholds that `version` has now; `photos` got another verdict by them."""
        return self.create(
            version=version,
            clear_below=version.clear_below,
            flagged_from=version.flagged_from,
            origin=origin,
            by=by,
            photos=photos,
        )

    def of(self, version: "ModelVersion") -> "list[ThresholdSet]":
        """The newest sets of a version, that in force first."""
        return list(self.filter(version=version).select_related("by")[:MOST_SHOWN])


class ThresholdSet(AppendOnly):
    version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="threshold_sets"
    )
    clear_below = models.FloatField()
    flagged_from = models.FloatField()
    origin = models.CharField(max_length=8, choices=ThresholdOrigin.choices)
    photos = models.PositiveIntegerField(
        default=0, help_text="so many photos without a decision got another verdict"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = ThresholdSetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="threshold_set_in_order", condition=Q(clear_below__lte=F("flagged_from"))
            )
        ]

    def __str__(self) -> str:
        return f"{written_threshold(self.clear_below)}–{written_threshold(self.flagged_from)}"
