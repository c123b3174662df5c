"""The audit of the clear pile: what share of the photos without a flag has a crack after all."""

import random
from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _

from classifier import roles
from classifier.intervals import clopper_pearson, sample_size
from classifier.models import (
    AuditEvent,
    AuditSample,
    Inspection,
    ModelVersion,
    Photo,
    Structure,
    User,
)
from classifier.models.audit_sample import AuditSampleQuerySet
from classifier.rights import written_by
from classifier.states import Cause, Outcome, Verdict

WISHES = (0.01, 0.02, 0.05, 0.10)
DEFAULT_WISH = 0.05
_JUDGED = (Outcome.CONFIRMED, Outcome.DISMISSED)


class NothingToAudit(Exception):
    """There is no clear photo to draw; the message is a sentence for a person."""


@dataclass(frozen=True)
class MissRate:
    """What a sample of clear photos shows so far."""

    clear: int
    """Photos that the sample stands for."""
    sampled: int
    missed: int
    sound: int
    cant_tell: int
    seen: int = 0
    """Of those judged: by a person who had the model's answer before them."""

    @property
    def judged(self) -> int:
        return self.missed + self.sound

    @property
    def open(self) -> int:
        return self.sampled - self.judged - self.cant_tell

    @property
    def percent(self) -> float:
        return 100 * self.missed / self.judged

    @property
    def percent_interval(self) -> tuple[float, float]:
        """The exact 95 % interval. A finite pile would give a narrower one."""
        low, high = clopper_pearson(self.missed, self.judged)
        return 100 * low, 100 * high


@written_by(roles.REVIEW)
def draw_sample(inspection: Inspection, *, wished: float, by: User) -> AuditSample:
    """Draw clear photos of the active version at random; those without a decision join the queue.

    Raises NothingToAudit. Photos that were decided on already may be drawn and count as decided:
    leaving them out would make the sample speak of the others alone.
    """
    version = ModelVersion.objects.active()
    clear = Photo.objects.for_inspection(inspection).cleared_by(version).ids() if version else []
    if version is None or not clear:
        raise NothingToAudit(_("The active model version has called no photo of this visit clear."))
    chosen = random.SystemRandom().sample(clear, min(sample_size(wished), len(clear)))
    sample = AuditSample.objects.create(
        inspection=inspection, model_version=version, clear_count=len(clear), wished=wished, by=by
    )
    sample.photos.set(chosen)
    AuditEvent.objects.record(
        "audit sample drawn", inspection, by=by, photos=len(chosen), of=len(clear)
    )
    return sample


def is_open(photo: Photo) -> bool:
    """Whether an audit of the photo's inspection still waits for judgements.

    As long as it does, people judge all photos of that inspection without the model's answer: a
    clear one without a score among flagged ones with theirs would be known for what it is.
    """
    waiting = Photo.objects.for_inspection(photo.photo_set.inspection).waiting_for_review()
    return waiting.with_verdict(Verdict.CLEAR).exists()


@dataclass(frozen=True)
class FalseAlarms:
    """How often photos were dismissed for one cause, in all and by type of structure."""

    cause: str
    count: int
    by_kind: list[int]


def false_alarms(version: ModelVersion) -> tuple[list[str], list[FalseAlarms]]:
    """Return the types of structure that occur, and the causes, most frequent first."""
    photos = Photo.objects.false_alarms_of(version)
    counts = photos.counts_by_both("decision__cause", "structure__kind")
    kinds = sorted({kind for _, kind in counts})
    rows = [
        FalseAlarms(
            str(Cause(cause).label),
            sum(count for (each, _), count in counts.items() if each == cause),
            [counts.get((cause, kind), 0) for kind in kinds],
        )
        for cause in {cause for cause, _ in counts}
    ]
    labels = [str(Structure.Kind(kind).label) for kind in kinds]
    return labels, sorted(rows, key=lambda row: (-row.count, row.cause))


def miss_rate(samples: AuditSampleQuerySet) -> MissRate | None:
    """Return what the newest sample of each inspection shows together; None without a sample."""
    newest = samples.newest()
    if not newest:
        return None
    photos = Photo.objects.sampled_in(newest)
    counts = photos.counts_by_decision()
    decided: Counter[str] = Counter()
    for (outcome, _cause), count in counts.items():
        decided[outcome] += count
    return MissRate(
        clear=sum(sample.clear_count for sample in newest),
        sampled=decided.total(),
        missed=decided[Outcome.CONFIRMED],
        sound=decided[Outcome.DISMISSED],
        cant_tell=decided[Outcome.CANT_TELL],
        seen=sum(counts.get((judged, False), 0) for judged in _JUDGED),
    )
