"""A printed report of an inspection: what was asked for, how far it is, and the file."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from classifier.models.moves import StateQuerySet
from classifier.states import OPEN_REPORTS, REPORT_MOVES, Paper, ReportState

if TYPE_CHECKING:
    from classifier.models import Inspection

MAX_ATTEMPTS = 3


class ReportQuerySet(StateQuerySet["Report"]):
    MOVES = REPORT_MOVES

    def of(self, inspection: "Inspection") -> "ReportQuerySet":
        return self.filter(inspection=inspection).select_related("requested_by").order_by("-id")

    def for_page(self) -> "ReportQuerySet":
        return self.select_related("inspection__structure", "requested_by")

    def open_twin(self, inspection: "Inspection", paper: str) -> "Report | None":
        """The report that was asked for already and is not written yet."""
        return self.of(inspection).filter(paper=paper, state__in=OPEN_REPORTS).first()

    def written(self) -> "ReportQuerySet":
        return self.filter(state=ReportState.READY).order_by("id")

    def lapsed(self, now: datetime) -> "ReportQuerySet":
        return self.filter(state=ReportState.WRITING, lease_until__lt=now)

    def claim(self, pk: int, *, claimant: str, lease: timedelta, now: datetime) -> bool:
        """Take one report that waits or whose writer died; False where there is nothing to do."""
        mine = Q(state=ReportState.WRITING, claimed_by=claimant)
        free = Q(state=ReportState.WAITING) | Q(state=ReportState.WRITING, lease_until__lt=now)
        claimed = self.filter(free | mine, pk=pk, attempts__lt=MAX_ATTEMPTS).update(
            state=ReportState.WRITING,
            claimed_by=claimant,
            lease_until=now + lease,
            attempts=F("attempts") + 1,
        )
        return claimed == 1

    def held(self, report: "Report") -> "ReportQuerySet":
        """The report, as long as the claim it was loaded with still stands."""
        return self.filter(
            pk=report.pk,
            state=ReportState.WRITING,
            claimed_by=report.claimed_by,
            attempts=report.attempts,
        )

    def exhausted(self, now: datetime) -> "ReportQuerySet":
        return self.lapsed(now).filter(attempts__gte=MAX_ATTEMPTS)

    def due(self, now: datetime, *, quiet_for: timedelta) -> list[int]:
        """Reports for which the bell has to be rung again, each at most once per lease."""
        silent = self.filter(Q(rung_at__isnull=True) | Q(rung_at__lt=now - quiet_for))
        waiting = silent.filter(Q(state=ReportState.WAITING) | Q(pk__in=self.lapsed(now)))
        return [pk for pk in waiting.values_list("pk", flat=True) if self.rung(pk, now)]

    def rung(self, pk: int, now: datetime) -> int:
        return self.filter(pk=pk).update(rung_at=now)


class Report(models.Model):
    inspection = models.ForeignKey(
        "classifier.Inspection", on_delete=models.CASCADE, related_name="reports"
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    paper = models.CharField(max_length=8, choices=Paper.choices, default=Paper.A4)
    state = models.CharField(max_length=8, choices=ReportState.choices, default=ReportState.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return _("Report %(number)s") % {"number": self.pk}

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_REPORTS
