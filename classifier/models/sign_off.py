"""Who signed an inspection, and who opened it again. Rows only append."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet
from classifier.states import SignOffKind

if TYPE_CHECKING:
    from classifier.models import Inspection


class SignOffQuerySet(AppendOnlyQuerySet["SignOff"]):
    def of(self, inspection: "Inspection") -> "SignOffQuerySet":
        return self.filter(inspection=inspection).select_related("by").order_by("-id")

    def signed(self) -> "SignOffQuerySet":
        return self.filter(kind=SignOffKind.SIGNED)

    def signed_inspections(self) -> list[int]:
        """The ids of the inspections that are signed off now."""
        last = dict(self.order_by("id").values_list("inspection", "kind"))
        return [pk for pk, kind in last.items() if kind == SignOffKind.SIGNED]

    def standing(self, inspection: "Inspection") -> "SignOff | None":
        """The signature that freezes the inspection now; None while it is open."""
        return standing_of(self.of(inspection)[:1])


def standing_of(newest_first: Iterable["SignOff"]) -> "SignOff | None":
    """The same, of rows that are loaded already."""
    last = next(iter(newest_first), None)
    return last if last and last.kind == SignOffKind.SIGNED else None


class SignOff(AppendOnly):
    inspection = models.ForeignKey(
        "classifier.Inspection", on_delete=models.CASCADE, related_name="sign_offs"
    )
    kind = models.CharField(max_length=8, choices=SignOffKind.choices)
    revision = models.PositiveSmallIntegerField(help_text="1 for the first signature")
    name = models.CharField(max_length=120, blank=True, help_text="as signed, with the role")
    reason = models.CharField(max_length=300, blank=True, help_text="why it was opened again")
    decisions_sha256 = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = SignOffQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "revision", "kind"], name="one_signature_a_revision"
            )
        ]

    def __str__(self) -> str:
        return _("%(kind)s, revision %(revision)s") % {
            "kind": self.get_kind_display(),
            "revision": self.revision,
        }
