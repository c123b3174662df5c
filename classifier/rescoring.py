"""Judging old photos again, in the background: by the active version, or by a candidate on trial.

The new answer stands beside the old one. Where the version is active it becomes the photo's answer;
what people decided is never touched.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier import classification, disks, roles, shadows, versions
from classifier.engine import ModelFileError
from classifier.flips import Flip, Flips
from classifier.models import (
    AuditEvent,
    ModelVersion,
    Photo,
    PhotoQuerySet,
    Prediction,
    Rescoring,
    User,
)
from classifier.rights import written_by
from classifier.states import RescoringState, VersionState

logger = logging.getLogger(__name__)

BATCH_SECONDS = 50.0
SILENCE = timedelta(seconds=180)
NONE = 2**63 - 1
"""No photo has such an id, and none follows."""


@written_by(roles.TRAIN)
def ask(version: ModelVersion, *, by: User) -> Rescoring:
    """Queue a rescoring for a person, as `queue` does."""
    return queue(version, by=by)


def queue(version: ModelVersion, *, by: User) -> Rescoring:
    """Queue a rescoring: of all photos by the active version, of the newest by another one.

    One that is under way for this version is returned as it is.
    """
    ids = _to_judge(version).ids()
    try:
        with transaction.atomic():
            asked = Rescoring.objects.create(
                version=version, requested_by=by, first_photo=min(ids, default=NONE), total=len(ids)
            )
            AuditEvent.objects.record("rescoring asked", version, by=by, photos=len(ids))
    except IntegrityError:
        return Rescoring.objects.open().get(version=version)
    return asked


def _to_judge(version: ModelVersion) -> PhotoQuerySet:
    if version.state == VersionState.ACTIVE:
        return Photo.objects.not_judged_by(version)
    return shadows.to_judge(version)


def waiting(version: ModelVersion) -> int:
    """How many photos there are to ask a version for: unsigned ones that show another one's answer
    while it is active, also where it gave its own before; else those of the newest that it did not
    judge.
    """
    if version.state == VersionState.ACTIVE:
        return Photo.objects.showing_others_than(version).count()
    return _to_judge(version).count()


def go_on(rescoring_id: int, *, seconds: float = BATCH_SECONDS) -> None:
    """Judge photos until the time is up; the sweeper rings for the rest. Where it was cancelled, or
    the version was active and is retired meanwhile (`versions`), it ends.
    """
    until = time.monotonic() + seconds
    row = Rescoring.objects.select_related("version").get(pk=rescoring_id)
    while time.monotonic() < until and Rescoring.objects.open_of(row.version_id):
        photo = Photo.objects.not_judged_by(row.version).next_from(
            max(row.first_photo, row.last_photo + 1)
        )
        if photo is None:
            _finish(row)
            return
        try:
            _judge(row, photo)
        except ModelFileError as error:
            logger.exception("version %s cannot be used; its rescoring ends", row.version)
            _give_up(row, why=str(error))
            return
    Rescoring.objects.by_id(row.pk).update(rung_at=None)


def _judge(row: Rescoring, photo: Photo) -> None:
    """Judge a photo, or step over it, so that one at which something fails does not hold up all."""
    try:
        classification.judge_again(photo, row.version)
    except ModelFileError:
        raise
    except classification.Unreadable:  # its reason names the file, which logs do not
        logger.warning("photo %s was not judged again: it is unreadable", photo.pk)
    except Exception as error:
        if disks.passing(error):
            raise  # the sweeper rings again
        logger.exception("photo %s was not judged again", photo.pk)
    row.last_photo, row.done = photo.pk, row.done + 1
    Rescoring.objects.by_id(row.pk).update(
        last_photo=row.last_photo, done=row.done, rung_at=timezone.now()
    )


def _give_up(row: Rescoring, *, why: str) -> None:
    """End it; an active version that cannot be used gives way, as it does on new photos."""
    if Rescoring.objects.by_id(row.pk).move(RescoringState.CANCELLED, ended_at=timezone.now()):
        AuditEvent.objects.record("rescoring failed", row.version, by=None, why=why)
    versions.fall_back(row.version, why=why)


def _finish(row: Rescoring) -> None:
    classification.take_over_answers(row.version)
    Rescoring.objects.by_id(row.pk).move(RescoringState.FINISHED, ended_at=timezone.now())


@written_by(roles.TRAIN)
def cancel(row: Rescoring, *, by: User) -> None:
    """Stop after the photo in hand; what was judged stays."""
    if Rescoring.objects.by_id(row.pk).move(RescoringState.CANCELLED, ended_at=timezone.now()):
        AuditEvent.objects.record("rescoring cancelled", row.version, by=by)


def take_due(now: datetime) -> list[int]:
    """Return the rescorings that somebody has to be rung for, each once."""
    due = Rescoring.objects.due(now, quiet_for=SILENCE)
    return [pk for pk in due.ids() if due.by_id(pk).update(rung_at=now)]


def beside(version: ModelVersion) -> ModelVersion | None:
    """Return the version with whose answers those of `version` are held: the active one; beside
    this one, the one that was active before it.
    """
    return (
        versions.previous()
        if version.state == VersionState.ACTIVE
        else ModelVersion.objects.active()
    )


def flips(version: ModelVersion, other: ModelVersion | None, *, limit: int = 60) -> Flips:
    """List the photos that only one of the two versions flags, or wants looked at, of those that
    both judged.

    Each judges by the thresholds that it has now, whichever it had when it looked at the photo.
    """
    if other is None:
        return Flips([], [], [], [])

    def shown(answer: Prediction, score_before: float) -> Flip:
        return Flip(
            photo=answer.photo,
            outcome=answer.photo.decision.outcome if answer.photo.decision else "unreviewed",
            before=other.verdict(score_before),
            before_score=score_before,
            after=version.verdict(answer.score),
            after_score=answer.score,
        )

    found = Prediction.objects.flips(version, other, limit=limit)
    lists = {turn.value: [shown(*row) for row in rows] for turn, rows in found.items()}
    return Flips(**lists, counts=Prediction.objects.count_flips(version, other))
