"""The versions of the CNN and which of them classifies."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from classifier.models.moves import StateQuerySet
from classifier.states import VERSION_MOVES, RescoringState, Verdict, VersionState

if TYPE_CHECKING:
    from classifier.models import PhotoQuerySet


class ModelVersionQuerySet(StateQuerySet["ModelVersion"]):
    MOVES = VERSION_MOVES

    def named(self, name: str) -> "ModelVersion | None":
        return self.filter(name=name).first()

    def for_list(self) -> "ModelVersionQuerySet":
        return self.select_related("parent").defer("card", "parent__card")

    def for_page(self) -> "ModelVersionQuerySet":
        run = ("training_run__requested_by", "training_run__base")
        return self.select_related("parent", *run)

    def parents(self) -> dict[int, int | None]:
        """From which version each one was trained, by id."""
        return dict(self.order_by().values_list("pk", "parent"))

    def active(self) -> "ModelVersion | None":
        return self.filter(state=VersionState.ACTIVE).first()

    def shipped(self) -> "ModelVersion | None":
        """The newest version that came with a release; its files are kept."""
        return self._untrained().exclude(state=VersionState.DISCARDED).first()

    def shipped_as(self, files_sha256: str, seal: str) -> "ModelVersion | None":
        """The version that came with a release as these files.

        Its seal tells as well where the files were out of reach when versions got their hash.
        """
        same = Q(files_sha256=files_sha256) | Q(files_sha256="", seal=seal)
        return self._untrained().filter(same).first()

    def _untrained(self) -> "ModelVersionQuerySet":
        return self.filter(parent__isnull=True)

    def held(self, version: "ModelVersion") -> "ModelVersion":
        """The version as it stands, unchangeable by others until the transaction ends."""
        return self.select_for_update().get(pk=version.pk)

    def that_judged(self, photos: "PhotoQuerySet") -> "ModelVersionQuerySet":
        return self.filter(pk__in=photos.values("predictions__model_version"))

    def locked_active(self) -> "ModelVersion | None":
        """The active version, unchangeable by others until the transaction ends."""
        return self.filter(state=VersionState.ACTIVE).select_for_update().first()

    def locked(self) -> "ModelVersionQuerySet":
        """All versions, unchangeable by others until the transaction ends."""
        return self.select_for_update().order_by("pk")

    def not_tried(self, photos: "PhotoQuerySet") -> set[int]:
        """Candidates, by id, that did not judge all of these photos and never ended a trial."""
        left = photos.exclude(predictions__model_version=OuterRef("pk"))
        candidates = self.filter(state=VersionState.CANDIDATE).filter(Exists(left))
        untried = candidates.exclude(rescorings__state=RescoringState.FINISHED)
        return set(untried.order_by().values_list("pk", flat=True))

    def kept(self) -> "ModelVersionQuerySet":
        """Versions whose files are kept, the newest first."""
        return self.exclude(state=VersionState.DISCARDED).defer("card").order_by("-pk")

    def retired_lately(self) -> "ModelVersionQuerySet":
        """Versions that classified before and may again, the one that did so last first."""
        return self.filter(state=VersionState.RETIRED, failed_at=None).order_by("-activated_at")

    def proven_first(self) -> "ModelVersionQuerySet":
        """Those that were shipped or passed a gate before those that went live against it."""
        proven = Q(parent__isnull=True) | Q(pk__in=self.model.objects.filter(trials__passed=True))
        return self.alias(unproven=~proven).order_by("unproven", "-activated_at")

    def mark_failed(self, why: str) -> int:
        """Note that versions could not be used; return of how many that was not known."""
        known_good = self.filter(failed_at=None)
        return known_good.update(failed_at=timezone.now(), failure=why[:500], failure_seen=False)

    def alarming(self) -> "ModelVersionQuerySet":
        """Versions that could not be used, as long as no admin answered and they are kept."""
        return self.filter(failed_at__isnull=False, failure_seen=False).exclude(
            state=VersionState.DISCARDED
        )


class ModelVersion(models.Model):
    name = models.CharField(max_length=80, unique=True)
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.CANDIDATE
    )
    folder = models.CharField(
        max_length=300, help_text="model folder; empty: named after the weights, as releases did"
    )
    weights_sha256 = models.CharField(max_length=64)
    files_sha256 = models.CharField(
        max_length=64,
        default="",
        db_default="",
        editable=False,
        help_text="hash of the folder's checksums: tells versions of the same weights apart",
    )
    seal = models.CharField(
        max_length=64, editable=False, help_text="HMAC of the folder's checksums; see seals.py"
    )
    clear_below = models.FloatField()
    flagged_from = models.FloatField()
    card = models.JSONField(default=dict)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(
        null=True, editable=False, help_text="could not be used, and was not activated since"
    )
    failure = models.CharField(max_length=500, default="", db_default="", editable=False)
    failure_seen = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="an admin has chosen a version since",
    )

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state=VersionState.ACTIVE),
                name="one_active_model_version",
            ),
            models.CheckConstraint(
                name="version_thresholds_in_order", condition=Q(clear_below__lte=F("flagged_from"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shipped(self) -> bool:
        """It came with a release, and its files are kept."""
        return self.parent_id is None and self.state != VersionState.DISCARDED

    def verdict(self, score: float) -> Verdict:
        """Judge a score by this version's thresholds."""
        if score >= self.flagged_from:
            return Verdict.FLAGGED
        return Verdict.CLEAR if score < self.clear_below else Verdict.UNDECIDED

    def verdicts(self) -> Case:
        """The same for the column `score` of many rows at once."""
        return Case(
            When(score__gte=self.flagged_from, then=Value(Verdict.FLAGGED)),
            When(score__lt=self.clear_below, then=Value(Verdict.CLEAR)),
            default=Value(Verdict.UNDECIDED),
        )
