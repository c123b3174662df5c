"""One retraining from reviewed photos, from the admin's press to the candidate version."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from classifier.models.model_version import ModelVersion
from classifier.models.moves import StateQuerySet
from classifier.states import OPEN_RUNS, RUN_MOVES, Manner, RunState, Side

MAX_ATTEMPTS = 3
LONGEST_MESSAGE = 1000
"""Room for what went wrong with two names of 255 letters, and what to do."""
"""A run whose worker died this often is given up: its next try may kill the worker, too."""


class TrainingRunQuerySet(StateQuerySet["TrainingRun"]):
    MOVES = RUN_MOVES

    def for_list(self) -> "TrainingRunQuerySet":
        rows = self.without_manifest().select_related("requested_by", "candidate")
        return rows.defer("history", "candidate__card")

    def for_page(self) -> "TrainingRunQuerySet":
        rows = self.select_related("base", "candidate", "requested_by")
        return rows.defer("base__card", "candidate__card")

    def without_manifest(self) -> "TrainingRunQuerySet":
        """Leave the manifest, which has an entry for each photo, in the database until it is asked
        for.
        """
        return self.defer("manifest")

    def open(self) -> "TrainingRunQuerySet":
        return self.without_manifest().filter(state__in=OPEN_RUNS)

    def queued(self) -> "TrainingRunQuerySet":
        return self.filter(state=RunState.QUEUED)

    def running(self) -> "TrainingRunQuerySet":
        return self.filter(state=RunState.RUNNING)

    def held(self, run: "TrainingRun") -> "TrainingRunQuerySet":
        """The run, as long as the attempt it was loaded with is the one that counts."""
        return self.without_manifest().filter(pk=run.pk, attempts=run.attempts)

    def cancelled_meanwhile(self) -> "TrainingRunQuerySet":
        return self.filter(cancel_requested=True)

    def tried_often(self) -> "TrainingRunQuerySet":
        return self.filter(attempts__gte=MAX_ATTEMPTS)

    def silent_since(self, moment: datetime) -> "TrainingRunQuerySet":
        """Running runs whose last heartbeat is older than `moment`: their worker died."""
        return self.filter(state=RunState.RUNNING, heartbeat_at__lt=moment)

    def last_succeeded(self) -> "TrainingRun | None":
        return self.filter(state=RunState.SUCCEEDED).order_by("-id").first()

    def taught(self, *versions: ModelVersion) -> list[dict[str, Any]]:
        """What these versions and those they come from have learned from, as it was frozen."""
        parents, line = ModelVersion.objects.parents(), set()
        for version in versions:
            member: int | None = version.pk
            while member and member not in line:
                line.add(member)
                member = parents[member]
        manifests = self.filter(candidate__in=line).values_list("manifest", flat=True)
        entries = (entry for manifest in manifests for entry in manifest)
        return [entry for entry in entries if entry.get("side") != Side.TEST]

    def taught_files(self, version: ModelVersion) -> set[str]:
        """The SHA-256 of the files that this version and those it comes from have learned from."""
        return {entry["sha256"] for entry in self.taught(version)}

    def counts_by_state(self) -> dict[str, int]:
        return dict(self.order_by().values_list("state").annotate(Count("id")))

    def ids(self) -> list[int]:
        return list(self.values_list("pk", flat=True))

    def close(self, to: str, **changes: object) -> int:
        """Move open runs to an end state."""
        return self.move(to, slot=None, **changes)


class TrainingRun(models.Model):
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    slot = models.PositiveSmallIntegerField(
        null=True, default=1, unique=True, editable=False, help_text="1 while open: one at a time"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="training_runs"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    base = models.ForeignKey("classifier.ModelVersion", on_delete=models.PROTECT, related_name="+")
    candidate = models.OneToOneField(
        "classifier.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="training_run",
    )
    manifest = models.JSONField(default=list, help_text="the reviewed photos, frozen at the press")
    manifest_sha256 = models.CharField(max_length=64)
    photos = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="how many are in the manifest"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    history = models.JSONField(default=list, blank=True, help_text="[{epoch, loss, held_out}]")
    message = models.CharField(max_length=LONGEST_MESSAGE, blank=True)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="training_slot_held_while_open",
                condition=Q(state__in=sorted(OPEN_RUNS), slot=1)
                | ~Q(state__in=sorted(OPEN_RUNS)) & Q(slot__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return _("Training run %(number)s") % {"number": self.pk}

    @property
    def split(self) -> list[dict[str, object]]:
        """Counts of what the run learns from and of what only measures, for its page."""
        return [self.counts_of(side) for side in Side]

    def counts_of(self, side: Side) -> dict[str, object]:
        return _counted(side, self.manifest)

    @property
    def seconds(self) -> float | None:
        """Wall time of the attempt that ended the run, with its comparison."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def manners(self) -> list[dict[str, object]]:
        """How the labels were given, for its page; empty for runs that did not keep it."""
        if not all("manner" in entry for entry in self.manifest):
            return []
        return [_given(manner, self.manifest) for manner in Manner]

    @property
    def unopened_percent(self) -> float:
        """The share of labels that agree with the model and came without opening the photo."""
        found = [entry for entry in self.manifest if entry.get("manner") == Manner.SHEET]
        agreed = len([entry for entry in found if entry["agrees"]])
        return 100 * agreed / max(1, len(self.manifest))

    @property
    def highest_loss(self) -> float:
        """The upper end of the learning curves."""
        losses = [point.get(name) for point in self.history for name in ("loss", "held_out")]
        highest: float = max((loss for loss in losses if loss is not None), default=0.0)
        return highest

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUNS


def _counted(side: Side, manifest: list[dict[str, Any]]) -> dict[str, object]:
    entries = [entry for entry in manifest if entry.get("side") == side]
    return {
        "side": side.label,
        "structures": len({entry["structure"] for entry in entries}),
        "confirmed": sum(entry["cracked"] for entry in entries),
        "dismissed": sum(not entry["cracked"] for entry in entries),
    }


def _given(manner: Manner, manifest: list[dict[str, Any]]) -> dict[str, object]:
    entries = [entry for entry in manifest if entry["manner"] == manner]
    agreed = sum(entry["agrees"] for entry in entries)
    return {"manner": manner.label, "photos": len(entries), "agreed": agreed}
