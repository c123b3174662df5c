"""Judging photos again that an earlier version judged: old answers stay beside the new ones."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.models.moves import StateQuerySet
from classifier.states import RESCORING_MOVES, RescoringState


class RescoringQuerySet(StateQuerySet["Rescoring"]):
    MOVES = RESCORING_MOVES

    def open(self) -> "RescoringQuerySet":
        return self.filter(state=RescoringState.RUNNING)

    def open_of(self, version_id: int) -> "Rescoring | None":
        return self.open().filter(version=version_id).first()

    def end_for(self, version_id: int) -> int:
        """Stop judging old photos by a version."""
        mine = self.filter(version=version_id)
        return mine.move(RescoringState.CANCELLED, ended_at=timezone.now())

    def newest_of(self, version_id: int) -> "Rescoring | None":
        return self.filter(version=version_id).first()

    def due(self, now: datetime, *, quiet_for: timedelta) -> "RescoringQuerySet":
        """Open ones that nobody works on, or whose worker has been silent for a while."""
        return self.open().filter(Q(rung_at__isnull=True) | Q(rung_at__lt=now - quiet_for))

    def ids(self) -> list[int]:
        return list(self.values_list("pk", flat=True))


class Rescoring(models.Model):
    """`last_photo` is how far it is, so that it goes on there after a stop."""

    version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="rescorings"
    )
    state = models.CharField(
        max_length=10, choices=RescoringState.choices, default=RescoringState.RUNNING
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    first_photo = models.BigIntegerField(help_text="photos from this id on")
    last_photo = models.BigIntegerField(default=0, help_text="photos up to this id are done")
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    rung_at = models.DateTimeField(null=True, blank=True)

    objects = RescoringQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(state=RescoringState.RUNNING),
                name="one_open_rescoring_of_a_version",
            )
        ]

    def __str__(self) -> str:
        return _("Photos judged again by %(version)s") % {"version": self.version}

    @property
    def is_open(self) -> bool:
        return self.state == RescoringState.RUNNING
