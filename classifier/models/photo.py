"""A photo: its stored bytes, where it was taken, and how far its classification is."""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from classifier.models.capture import Capture
from classifier.models.photo_queue import PhotoQueue
from classifier.states import (
    FAILED,
    NEEDS_A_LOOK,
    PENDING,
    PHOTO_MOVES,
    STANDING,
    Outcome,
    PhotoState,
    Verdict,
)

if TYPE_CHECKING:
    from classifier.models import (
        AuditSample,
        Element,
        Inspection,
        Mark,
        ModelVersion,
        PhotoSet,
        Region,
        Structure,
        User,
    )


class PhotoQuerySet(PhotoQueue):
    MOVES = PHOTO_MOVES

    # --- which photos ---
    def in_set(self, photo_set: "PhotoSet") -> "PhotoQuerySet":
        return self.filter(photo_set=photo_set)

    def in_sets(self, photo_sets: "Iterable[PhotoSet]") -> "PhotoQuerySet":
        return self.filter(photo_set__in=[photo_set.pk for photo_set in photo_sets])

    def for_structure(self, structure: "Structure") -> "PhotoQuerySet":
        return self.filter(structure=structure)

    def for_inspection(self, inspection: "Inspection") -> "PhotoQuerySet":
        return self.filter(photo_set__inspection=inspection)

    def truth(self, *, without: Collection[str]) -> dict[int, bool]:
        """Whether people confirmed a crack, by photo, `without` files of these SHA-256; meant for
        labelled photos.
        """
        rows = self.order_by().values_list("pk", "sha256", "decision__outcome")
        confirmed = Outcome.CONFIRMED
        return {pk: said == confirmed for pk, digest, said in rows if digest not in without}

    def not_judged_by(self, version: "ModelVersion") -> "PhotoQuerySet":
        return self.classified().exclude(predictions__model_version=version)

    def showing_others_than(self, version: "ModelVersion") -> "PhotoQuerySet":
        return self.classified().unsigned().exclude(prediction__model_version=version)

    def newest(self, limit: int) -> "PhotoQuerySet":
        return self.filter(pk__in=self.order_by("-id").values("pk")[:limit])

    def with_ids(self, ids: Iterable[int]) -> "PhotoQuerySet":
        return self.filter(pk__in=list(ids))

    def next_from(self, pk: int) -> "Photo | None":
        return self.filter(pk__gte=pk).order_by("id").first()

    def show_answers_of(self, version: "ModelVersion", *, photo: "Photo | None") -> None:
        """Point classified, unsigned photos (one, or all) to what `version` said of them."""
        chosen = self.showing_others_than(version).filter(predictions__model_version=version)
        chosen = chosen.filter(pk=photo.pk) if photo else chosen
        answer = version.predictions.filter(photo=OuterRef("pk")).values("pk")[:1]
        self.filter(pk__in=chosen.values("pk")).update(prediction=Subquery(answer))

    def pending(self) -> "PhotoQuerySet":
        return self.filter(state__in=PENDING)

    def failed(self) -> "PhotoQuerySet":
        return self.filter(state__in=FAILED)

    def classified(self) -> "PhotoQuerySet":
        return self.filter(state=PhotoState.CLASSIFIED)

    def needing_a_look(self) -> "PhotoQuerySet":
        """Photos that the model flagged or left undecided."""
        return self.filter(prediction__verdict__in=NEEDS_A_LOOK)

    def with_verdict(self, verdict: str) -> "PhotoQuerySet":
        return self.filter(prediction__verdict=verdict)

    def waiting_for_review(self) -> "PhotoQuerySet":
        """Unreviewed photos that the model did not clear, and clear ones drawn for an audit."""
        return self.unreviewed().filter(Q(prediction__verdict__in=NEEDS_A_LOOK) | _is_drawn())

    def outside_audits(self) -> "PhotoQuerySet":
        return self.exclude(_is_drawn())

    def cleared_by(self, version: "ModelVersion") -> "PhotoQuerySet":
        return self.filter(prediction__model_version=version, prediction__verdict=Verdict.CLEAR)

    def sampled_in(self, samples: "Iterable[AuditSample]") -> "PhotoQuerySet":
        return self.filter(audit_samples__in=list(samples))

    def false_alarms_of(self, version: "ModelVersion") -> "PhotoQuerySet":
        """Photos that a person dismissed after this version had flagged them or been undecided."""
        return self.filter(
            decision__outcome=Outcome.DISMISSED,
            decision__prediction__model_version=version,
            decision__prediction__verdict__in=NEEDS_A_LOOK,
        )

    def unreviewed(self) -> "PhotoQuerySet":
        return self.filter(decision__isnull=True)

    def with_outcome(self, outcome: str) -> "PhotoQuerySet":
        return self.filter(decision__outcome=outcome)

    def reviewed(self) -> "PhotoQuerySet":
        return self.filter(decision__outcome__in=STANDING)

    def ended_since(self, moment: datetime) -> "PhotoQuerySet":
        return self.filter(ended_at__gte=moment)

    def labelled(self) -> "PhotoQuerySet":
        """Photos on which a person said crack or no crack, and whose pixels can be read."""
        return self.filter(
            decision__outcome__in=[Outcome.CONFIRMED, Outcome.DISMISSED],
            state=PhotoState.CLASSIFIED,
        )

    def said(self) -> "models.QuerySet[Photo, tuple[int, int, str, datetime]]":
        """Give (photo, structure, outcome, decided at) of each labelled photo."""
        return (
            self.labelled()
            .order_by("id")
            .values_list("pk", "structure_id", "decision__outcome", "decision__created_at")
        )

    def for_labels(self) -> "PhotoQuerySet":
        """Labelled photos with what a manifest holds of them, and no more: they may be many."""
        photos = self.labelled().select_related("decision__prediction", "structure").order_by("id")
        said = ("outcome", "cause", "by", "created_at", "blind", "batch", "prediction__verdict")
        decision = [f"decision__{name}" for name in said]
        return photos.only("name", "sha256", "photo_set", "structure__kind", *decision)

    def by_ids(self, ids: Iterable[int]) -> dict[int, "Photo"]:
        return self.in_bulk(list(ids))

    def with_keys(self, keys: Iterable[uuid.UUID]) -> "PhotoQuerySet":
        return self.filter(key__in=list(keys))

    def locked(self, pk: int) -> "Photo | None":
        """The photo, unchangeable by others until the transaction ends."""
        return self.select_for_update().filter(pk=pk).first()

    def decided_as(self, decision_id: int | None) -> "PhotoQuerySet":
        return self.filter(decision=decision_id)

    def ids(self, limit: int | None = None) -> list[int]:
        return list(self.order_by("id").values_list("pk", flat=True)[:limit])

    def before(self, photo: "Photo") -> "Photo | None":
        return self.filter(pk__lt=photo.pk).order_by("-id").first()

    def after(self, photo: "Photo") -> "Photo | None":
        return self.filter(pk__gt=photo.pk).order_by("id").first()

    def leaving_out(self, ids: Iterable[int]) -> "PhotoQuerySet":
        return self.exclude(pk__in=list(ids))

    def decided_by(self, person: "User", pk: int) -> "Photo | None":
        """The photo `pk` if its standing decision is this person's, so that they may undo it."""
        return self.filter(pk=pk, decision__by=person).select_related("decision").first()

    def narrowed(
        self,
        *,
        verdict: str,
        review: str,
        element: "Element | None",
        inspection: "Inspection | None",
        least: float | None = None,
    ) -> "PhotoQuerySet":
        """Keep what a filter form asks for; an empty value asks for nothing."""
        photos = self
        if verdict:
            photos = photos.needing_a_look() if verdict == "look" else photos.with_verdict(verdict)
        if review:
            is_open = review == "unreviewed"
            photos = photos.unreviewed() if is_open else photos.with_outcome(review)
        if element:
            photos = photos.filter(photo_set__element=element)
        if inspection:
            photos = photos.for_inspection(inspection)
        return photos if least is None else photos.filter(prediction__score__gte=least)


def _is_drawn() -> Exists:
    return Exists(Photo.audit_samples.through.objects.filter(photo=OuterRef("pk")))


class Photo(Capture):
    photo_set = models.ForeignKey(
        "classifier.PhotoSet", on_delete=models.CASCADE, related_name="photos"
    )
    structure = models.ForeignKey(
        "classifier.Structure", on_delete=models.CASCADE, related_name="photos"
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveIntegerField(validators=[MaxValueValidator(40_000_000)])
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField(help_text="pixels, upright")
    height = models.PositiveIntegerField(help_text="pixels, upright")
    orientation = models.PositiveSmallIntegerField(default=1)
    taken_at = models.DateTimeField(null=True, blank=True)
    camera = models.CharField(max_length=120, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    notices = models.JSONField(default=list, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(
        max_length=12, choices=PhotoState.choices, default=PhotoState.WAITING, db_index=True
    )
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # The rows these point at leave only together with the photo itself, hence DO_NOTHING.
    prediction = models.ForeignKey(
        "classifier.Prediction", models.DO_NOTHING, null=True, blank=True, related_name="+"
    )
    decision = models.ForeignKey(
        "classifier.Decision", models.DO_NOTHING, null=True, blank=True, related_name="+"
    )

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        permissions = [("download_original", "Can download original photos")]
        constraints = [
            models.UniqueConstraint(
                fields=["structure", "sha256"], name="photo_once_per_structure"
            ),
            models.CheckConstraint(
                name="photo_state_known", condition=Q(state__in=PhotoState.values)
            ),
            models.CheckConstraint(
                name="photo_classified_with_prediction",
                condition=~Q(state=PhotoState.CLASSIFIED) | Q(prediction__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["photo_set", "state"], name="photo_by_set_and_state"),
            models.Index(fields=["sha256"], name="photo_by_sha256"),
        ]

    def __str__(self) -> str:
        return self.name

    standing_marks: "list[Mark]"
    """Marks that nobody took back, where `for_report` loaded the photo."""

    @property
    def regions_seen(self) -> "list[Region]":
        return list(self.prediction.regions.all()) if self.prediction else []

    @property
    def regions_kept(self) -> "list[Region]":
        """Those of `regions_seen` that nobody cleared."""
        return [region for region in self.regions_seen if not region.is_cleared]

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    @property
    def is_failed(self) -> bool:
        return self.state in FAILED
