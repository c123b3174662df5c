"""A candidate version beside the active one, on photos that neither has learned from."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from classifier.models import ModelVersion


class TrialQuerySet(models.QuerySet["Trial"]):
    def newest_of(self, candidate: "ModelVersion") -> "Trial | None":
        return self.filter(candidate=candidate).select_related("active").order_by("-id").first()

    def newest_between(self, candidate: "ModelVersion", active: "ModelVersion") -> "Trial | None":
        return self.filter(candidate=candidate, active=active).order_by("-id").first()


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
