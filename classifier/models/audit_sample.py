"""A random share of an inspection's clear photos that people look at, to learn what was missed."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet

if TYPE_CHECKING:
    from classifier.models import Inspection, ModelVersion, Structure


class AuditSampleQuerySet(AppendOnlyQuerySet["AuditSample"]):
    def of_inspection(self, inspection: "Inspection") -> "AuditSampleQuerySet":
        return self.filter(inspection=inspection)

    def of_structure(self, structure: "Structure") -> "AuditSampleQuerySet":
        return self.filter(inspection__structure=structure)

    def of_version(self, version: "ModelVersion") -> "AuditSampleQuerySet":
        return self.filter(model_version=version)

    def newest(self) -> list["AuditSample"]:
        """The last sample of each inspection: a new one takes the place of the one before."""
        return list({sample.inspection_id: sample for sample in self.order_by("id")}.values())


class AuditSample(AppendOnly):
    inspection = models.ForeignKey(
        "classifier.Inspection", on_delete=models.CASCADE, related_name="audit_samples"
    )
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, related_name="+"
    )
    photos = models.ManyToManyField("classifier.Photo", related_name="audit_samples")
    clear_count = models.PositiveIntegerField(help_text="clear photos that the sample stands for")
    wished = models.FloatField(help_text="miss rate that a sample without a miss rules out")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = AuditSampleQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return _("Audit sample %(number)s") % {"number": self.pk}
