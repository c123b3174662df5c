"""What a person decided on a photo. Decisions only append; an undo appends a withdrawal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet
from classifier.states import Cause, Manner, Outcome, Verdict

if TYPE_CHECKING:
    from classifier.models import Photo, User


class DecisionQuerySet(AppendOnlyQuerySet["Decision"]):
    def on(self, photo: "Photo") -> "DecisionQuerySet":
        return self.filter(photo=photo).select_related("by", "prediction").order_by("-id")

    def in_batch(self, batch: UUID, *, by: "User") -> "DecisionQuerySet":
        """What this person decided in one press."""
        return self.filter(batch=batch, by=by)

    def photo_ids(self) -> list[int]:
        return list(self.order_by("id").values_list("photo", flat=True))

    def log_of(self, photo_ids: list[int]) -> Iterator[tuple[int, int, str, int | None]]:
        """Each decision on the photos, oldest first: id, photo, outcome, and what stood before
        the decision that it follows (where a withdrawal leads back to)."""
        rows = self.filter(photo__in=photo_ids).order_by("id")
        yield from rows.values_list("pk", "photo", "outcome", "follows__follows")


class Decision(AppendOnly):
    photo = models.ForeignKey(
        "classifier.Photo", on_delete=models.CASCADE, related_name="decisions"
    )
    prediction = models.ForeignKey(
        "classifier.Prediction",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the answer that stood on the page",
    )
    follows = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the decision that stood before; a withdrawal brings back the one before that",
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)
    remark = models.CharField(max_length=500, blank=True)
    blind = models.BooleanField(
        default=False, help_text="made before the model’s answer was on the page"
    )
    batch = models.UUIDField(
        null=True, blank=True, editable=False, help_text="shared by what was decided in one press"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions"
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["batch"], name="decision_by_batch")]
        constraints = [
            models.CheckConstraint(
                name="decision_cause_with_dismissal_only",
                condition=Q(outcome=Outcome.DISMISSED) & ~Q(cause="")
                | ~Q(outcome=Outcome.DISMISSED) & Q(cause=""),
            )
        ]

    def __str__(self) -> str:
        cause = f" ({self.get_cause_display().lower()})" if self.cause else ""
        return f"{self.get_outcome_display()}{cause}"

    @property
    def manner(self) -> Manner:
        if self.batch:
            return Manner.SHEET
        return Manner.BLIND if self.blind else Manner.OPENED

    @property
    def agrees(self) -> bool:
        """Whether it says what the model had said; an undecided model said nothing."""
        said = {Outcome.CONFIRMED: Verdict.FLAGGED, Outcome.DISMISSED: Verdict.CLEAR}
        verdict = said.get(Outcome(self.outcome))
        return bool(self.prediction and self.prediction.verdict == verdict)
