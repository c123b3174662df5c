"""The versions of the CNN and which of them classifies."""

from django.db import models
from django.db.models import F, Q

from classifier.models.moves import StateQuerySet
from classifier.states import VERSION_MOVES, Verdict, VersionState


class ModelVersionQuerySet(StateQuerySet["ModelVersion"]):
    MOVES = VERSION_MOVES

    def with_other_weights(self, name: str, weights_sha256: str) -> "ModelVersionQuerySet":
        return self.filter(name=name).exclude(weights_sha256=weights_sha256)

    def named(self, name: str) -> "ModelVersion | None":
        return self.filter(name=name).first()

    def for_list(self) -> "ModelVersionQuerySet":
        return self.select_related("parent")

    def parents(self) -> dict[int, int | None]:
        """From which version each one was trained, by id."""
        return dict(self.order_by().values_list("pk", "parent"))

    def active(self) -> "ModelVersion | None":
        return self.filter(state=VersionState.ACTIVE).first()

    def shipped(self) -> "ModelVersion | None":
        """The newest version that came with a release; its files are kept."""
        return self.filter(folder="").exclude(state=VersionState.DISCARDED).first()

    def locked_active(self) -> "ModelVersion | None":
        """The active version, unchangeable by others until the transaction ends."""
        return self.filter(state=VersionState.ACTIVE).select_for_update().first()

    def locked(self) -> "ModelVersionQuerySet":
        """All versions, unchangeable by others until the transaction ends."""
        return self.select_for_update().order_by("pk")

    def kept(self) -> int:
        """Count the versions whose files are kept."""
        return self.exclude(state=VersionState.DISCARDED).count()

    def retired_lately(self) -> "ModelVersionQuerySet":
        """Versions that classified before, the one that did so last first."""
        return self.filter(state=VersionState.RETIRED).order_by("-activated_at")


class ModelVersion(models.Model):
    name = models.CharField(max_length=80, unique=True)
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.CANDIDATE
    )
    folder = models.CharField(max_length=300, help_text="model folder; empty for the shipped model")
    weights_sha256 = models.CharField(max_length=64)
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

    def verdict(self, score: float) -> Verdict:
        """Judge a score by this version's thresholds."""
        if score >= self.flagged_from:
            return Verdict.FLAGGED
        return Verdict.CLEAR if score < self.clear_below else Verdict.UNDECIDED
