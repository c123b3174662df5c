"""An admin's wish to activate a version against the gate, kept until another admin agrees."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet

if TYPE_CHECKING:
    from classifier.models import ModelVersion


class OverrideQuerySet(AppendOnlyQuerySet["Override"]):
    def standing(self, version: "ModelVersion", active: "ModelVersion | None") -> "Override | None":
        """The newest wish for `version` since `active` classifies: it lapses when another does,
        also where `active` comes back.
        """
        wishes = self.filter(version=version, active=active).select_related("by")
        if active and active.activated_at:
            wishes = wishes.filter(created_at__gte=active.activated_at)
        return wishes.order_by("-id").first()


class Override(AppendOnly):
    version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="overrides"
    )
    active = models.ForeignKey(
        "classifier.ModelVersion",
        on_delete=models.CASCADE,
        related_name="+",
        help_text="what classified when it was wished",
    )
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = OverrideQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.by} wishes {self.version}"
