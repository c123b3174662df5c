"""A candidate version beside the active one, on photos that neither has learned from."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from classifier.models import ModelVersion


def both_thresholds(candidate: "ModelVersion", active: "ModelVersion") -> dict[str, list[float]]:
    sides = {"active": active, "candidate": candidate}
    return {name: [side.clear_below, side.flagged_from] for name, side in sides.items()}


class TrialQuerySet(models.QuerySet["Trial"]):
    def newest_of(self, candidate: "ModelVersion") -> "Trial | None":
        return (
            self.filter(candidate=candidate)
            .select_related("active", "candidate")
            .order_by("-id")
            .first()
        )

    def that_tells(
        self, candidate: "ModelVersion", active: "ModelVersion | None"
    ) -> "Trial | None":
        """The newest trial of a version beside the active one; without any, the newest of all."""
        return self.filter(active=active).newest_of(candidate) or self.newest_of(candidate)

    def newest_beside(self, active: "ModelVersion") -> "dict[int, Trial]":
        """The newest trial of each version that stood beside `active`, by the version's id."""
        trials = self.filter(active=active).defer("photos", "figures").order_by("id")
        return {trial.candidate_id: trial for trial in trials}


class Trial(models.Model):
    candidate = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="trials"
    )
    active = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="+"
    )
    passed = models.BooleanField()
    findings = models.JSONField(help_text="[{rule, passed, sentence}], the gravest first")
    figures = models.JSONField(default=dict, help_text="kind of structure → version → figures")
    photos = models.JSONField(default=list, help_text="[{photo, cracked, active, candidate}]")
    thresholds = models.JSONField(
        default=dict,
        help_text="{active, candidate}: [clear below, flagged from] when they were compared; "
        "empty where it was not kept",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return _("%(candidate)s beside %(active)s") % {
            "candidate": self.candidate,
            "active": self.active,
        }

    @property
    def sentence(self) -> str:
        """Why the candidate was refused; empty where it passed."""
        return next((str(f["sentence"]) for f in self.findings if not f["passed"]), "")

    def judged_by(self, candidate: "ModelVersion", active: "ModelVersion") -> bool:
        """Tell whether both were compared by the thresholds that these rows have."""
        return bool(self.thresholds == both_thresholds(candidate, active))
