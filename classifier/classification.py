"""Classifying stored photos: claim, look, answer; and sweeping up after workers that died."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from classifier import disks, failpoints, images, openings, photo_files, quality, versions
from classifier.engine import ModelFileError, PhotoAnswer, engine
from classifier.memory import bounded_memory
from classifier.models import Inspection, ModelVersion, Photo, PhotoQuerySet, Prediction, Region
from classifier.models.photo_queue import MAX_ATTEMPTS
from classifier.states import PhotoState

logger = logging.getLogger(__name__)

QUARANTINE_REASON = (
    f"Classifying this photo failed {MAX_ATTEMPTS} times. "
    "The photo is safe; try again, or open the original and judge by eye."
)
WAITS_REASON = "This photo is stored and waits, as %s. It is tried again by itself."
ABANDONED_UPLOAD_SECONDS = 24 * 3600


class Unreadable(Exception):
    """This photo cannot be classified; the message is the sentence shown to people."""


def lease() -> timedelta:
    """How long a claim holds: as long as the task's hard time limit, so a live task keeps it."""
    return timedelta(seconds=settings.CLASSIFY_LEASE_SECONDS)


def classify(photo_id: int, *, claimant: str) -> bool:
    """Classify one photo if it is due; False where there was nothing to do or the claim was lost.

    Safe to call twice, concurrently, or again after a crash at any point.
    """
    if not Photo.objects.claim(photo_id, claimant=claimant, lease=lease(), now=timezone.now()):
        return False
    failpoints.hit("W2", photo_id)
    photo = Photo.objects.for_classification(photo_id)
    version = ModelVersion.objects.active()
    if version is None:
        logger.error("photo %s waits: no model version is active", photo_id)
        return _release(photo, attempt_counts=False)
    failpoints.hit("W3", photo_id)
    try:
        return _record(photo, version, _answer(photo, version))
    except Unreadable as reason:
        return _end(photo, PhotoState.UNREADABLE, str(reason))
    except ModelFileError as error:
        earlier = versions.fall_back(version, why=str(error))
        logger.exception("version %s cannot be used; back to %s", version, earlier or "nothing")
        return _release(photo, attempt_counts=False)
    except Exception as problem:
        return _failed(photo, problem)


def _failed(photo: Photo, problem: Exception) -> bool:
    """Release the photo, or set it aside where its attempts are used up."""
    if what := disks.passing(problem):
        logger.exception("photo %s waits: %s", photo.pk, what)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()  # it could not give the claim back
        return _release(photo, attempt_counts=False, reason=WAITS_REASON % what)
    logger.exception("classifying photo %s failed, attempt %s", photo.pk, photo.attempts)
    if photo.attempts >= MAX_ATTEMPTS:
        return _end(photo, PhotoState.QUARANTINED, QUARANTINE_REASON)
    return _release(photo, attempt_counts=True)


def _answer(photo: Photo, version: ModelVersion) -> PhotoAnswer | None:
    """Look at the photo; None where this version has answered already."""
    if photo.predictions.filter(model_version=version).exists():
        return None
    with _readable(photo):
        working = _working_image(photo)
    failpoints.hit("W5", photo.pk)
    answer = _judged(working, version)
    failpoints.hit("W6", photo.pk)
    images.write_evidence(
        answer.evidence.cells,
        answer.evidence.width,
        answer.evidence.height,
        folder=working.parent,
        stem=photo_files.evidence_stem(version.pk),
    )
    return answer


def _working_image(photo: Photo) -> Path:
    _check_original(photo)
    failpoints.hit("W4", photo.pk)
    working = photo_files.working(photo)
    if photo.sharpness is None or not working.exists():  # one that was measured is whole
        with bounded_memory():
            images.write_working_images(photo_files.original(photo), working.parent)
    if photo.sharpness is None:
        Photo.objects.held(photo).update(**vars(quality.measure(working)))
    return working


def _judged(working: Path, version: ModelVersion) -> PhotoAnswer:
    """Ask the model. What goes wrong with it is never said of the photo."""
    folder = versions.sealed_folder(version)
    try:
        with openings.watched(folder):
            failpoints.hit("M1", version.pk)
            return engine().classify(working, model=folder)
    except images.PhotoError as error:
        raise _behind(error) from None


def judge_again(photo: Photo, version: ModelVersion) -> None:
    """Let `version` answer for a classified photo, beside the answers it has.

    Where the version is active its answer becomes the photo's. Decisions are not touched. Raises
    Unreadable, ModelFileError.
    """
    answer = _answer(photo, version)
    with transaction.atomic():
        if answer is not None:
            _written_prediction(photo, version, answer)
        take_over_answers(version, photo=photo)


@transaction.atomic
def take_over_answers(version: ModelVersion, *, photo: Photo | None = None) -> None:
    """Let classified photos show what the active version said of them, if it is `version`.

    Those of signed inspections keep the answer that was signed.
    """
    if ModelVersion.objects.active() == version:
        # Locked, so that nobody signs between the look and the change.
        Inspection.objects.lock_of(photo) if photo else Inspection.objects.lock_all()
        Photo.objects.show_answers_of(version, photo=photo)


@contextmanager
def _readable(photo: Photo) -> Iterator[None]:
    """Turn what can be wrong with one photo into Unreadable, in words for a person."""
    try:
        yield
    except images.PhotoError as error:
        raise _behind(error) from None
    except MemoryError as error:
        raise Unreadable(f"{photo.name} needs more memory than the worker has.") from error


def _behind(error: images.PhotoError) -> BaseException:
    """What ended the reading of a photo: a disk's error, or Unreadable with what is wrong."""
    cause = error.__cause__
    return cause if cause and disks.passing(cause) else Unreadable(error.sentence)


def _check_original(photo: Photo) -> None:
    try:
        found = photo_files.sha256_of(photo_files.original(photo))
    except FileNotFoundError as error:
        raise Unreadable(f"The stored file of {photo.name} is missing.") from error
    if found != photo.sha256:
        raise Unreadable(
            f"The stored file of {photo.name} has changed since its upload (its SHA-256 differs). "
            "Restore it from a back-up or upload it again."
        )


def _record(photo: Photo, version: ModelVersion, answer: PhotoAnswer | None) -> bool:
    """Write the answer in one transaction, unless the claim was lost meanwhile."""
    with transaction.atomic():
        if answer is None:
            prediction = photo.predictions.get(model_version=version)
        else:
            prediction = _written_prediction(photo, version, answer)
        ended = Photo.objects.held(photo).move(
            PhotoState.CLASSIFIED, prediction=prediction, reason="", ended_at=timezone.now()
        )
        if not ended:
            transaction.set_rollback(True)
        failpoints.hit("W7", photo.pk)
    failpoints.hit("W8", photo.pk)
    return bool(ended)


def _written_prediction(photo: Photo, version: ModelVersion, answer: PhotoAnswer) -> Prediction:
    version = ModelVersion.objects.held(version)  # its thresholds may have been moved meanwhile
    prediction, created = Prediction.objects.get_or_create(
        photo=photo,
        model_version=version,
        defaults={
            "score": answer.score,
            "verdict": version.verdict(answer.score),
            "clear_below": version.clear_below,
            "flagged_from": version.flagged_from,
            "weights_sha256": version.weights_sha256,
            "map_width": answer.evidence.width,
            "map_height": answer.evidence.height,
            "seconds": answer.seconds,
            "embedding": answer.embedding,
        },
    )
    if created:
        Region.objects.bulk_create(
            Region(prediction=prediction, outline=region.outline, score=region.score)
            for region in answer.regions
        )
    return prediction


def _end(photo: Photo, state: PhotoState, reason: str) -> bool:
    return bool(Photo.objects.held(photo).move(state, reason=reason[:300], ended_at=timezone.now()))


def _release(photo: Photo, *, attempt_counts: bool, reason: str = "") -> bool:
    """Give the claim back; the sweeper rings again, at most once a lease.

    Always False: nothing was classified.
    """
    attempts = photo.attempts if attempt_counts else photo.attempts - 1
    Photo.objects.held(photo).move(
        PhotoState.WAITING, attempts=attempts, claimed_by="", reason=reason
    )
    return False


def quarantine_exhausted(now: datetime) -> int:
    """Set aside photos whose workers died too often; return how many."""
    return Photo.objects.exhausted(now, lease=lease()).move(
        PhotoState.QUARANTINED, reason=QUARANTINE_REASON, ended_at=now
    )


def take_abandoned(now: datetime) -> list[int]:
    """Return photos whose worker died, each at most once per lease."""
    return _rung(Photo.objects.abandoned(now, lease=lease()), now)


def take_waiting(now: datetime) -> list[int]:
    """Return waiting photos whose bell may be lost, each at most once per lease."""
    return _rung(Photo.objects.waiting(), now)


def _rung(photos: PhotoQuerySet, now: datetime, *, limit: int = 500) -> list[int]:
    silent = photos.silent(now, quiet_for=lease())
    return [pk for pk in silent.ids(limit) if silent.filter(pk=pk).update(rung_at=now)]


def clear_abandoned_uploads() -> int:
    return photo_files.clear_abandoned_uploads(older_than_seconds=ABANDONED_UPLOAD_SECONDS)
