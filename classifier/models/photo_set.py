"""The photos of one upload within an inspection."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.models.capture import Scaled
from classifier.models.photo import Photo, PhotoQuerySet
from classifier.models.structure import Element, Inspection
from classifier.states import FAILED, PENDING, PhotoState, Verdict

RATE_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True)
class SetProgress:
    """Counts of photos; they always add up to `total`."""

    total: int
    classified: int
    failed: int
    pending: int
    flagged: int
    undecided: int
    per_minute: float | None
    """Photos that ended in the last five minutes, a minute; None where none did."""

    @property
    def ended(self) -> int:
        return self.total - self.pending

    @property
    def clear(self) -> int:
        return self.classified - self.flagged - self.undecided

    @property
    def minutes_left(self) -> float | None:
        return self.pending / self.per_minute if self.per_minute else None


class PhotoSetQuerySet(models.QuerySet["PhotoSet"]):
    def recent(self) -> "PhotoSetQuerySet":
        return self.select_related("inspection__structure", "element", "uploaded_by").order_by(
            "-id"
        )


class PhotoSet(Scaled):
    inspection = models.ForeignKey(Inspection, on_delete=models.CASCADE, related_name="photo_sets")
    element = models.ForeignKey(
        Element, on_delete=models.SET_NULL, null=True, blank=True, related_name="photo_sets"
    )
    notes = models.TextField(max_length=2000, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photo_sets"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PhotoSetQuerySet.as_manager()
    photos: PhotoQuerySet

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return _("Photo set %(number)s") % {"number": self.pk}

    def progress(self) -> SetProgress:
        return progress_of([self])[0][1]


def progress_of(photo_sets: Iterable[PhotoSet]) -> list[tuple[PhotoSet, SetProgress]]:
    """Return how far each photo set is, in three queries however many there are."""
    photo_sets = list(photo_sets)
    photos = Photo.objects.in_sets(photo_sets)
    states = photos.counts_in_sets("state")
    # A photo that is asked about again keeps its last answer, but counts as waiting.
    verdicts = photos.classified().counts_in_sets("prediction__verdict")
    pace = photos.pace_in_sets(timezone.now(), RATE_WINDOW)
    return [
        (row, _progress(states.get(row.pk, {}), verdicts.get(row.pk, {}), pace.get(row.pk)))
        for row in photo_sets
    ]


def _progress(
    states: Mapping[str, int], verdicts: Mapping[str, int], per_minute: float | None
) -> SetProgress:
    return SetProgress(
        total=sum(states.values()),
        classified=states.get(PhotoState.CLASSIFIED, 0),
        failed=sum(states.get(state, 0) for state in FAILED),
        pending=sum(states.get(state, 0) for state in PENDING),
        flagged=verdicts.get(Verdict.FLAGGED, 0),
        undecided=verdicts.get(Verdict.UNDECIDED, 0),
        per_minute=per_minute,
    )
