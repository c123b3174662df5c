"""Checking what the site promises: no photo lost, no answer doubled, no decision overwritten.

The letters are those of the findings:

I1 stored bytes     every photo's original is there, whole, and as it was uploaded
I2 nothing stuck    every photo is classified or set aside, or its turn is near
I3 one answer       a classified photo has its prediction, one a version, by that version's weights
I5 no phantoms      every file has its row; abandoned uploads are cleared
I6 honest counts    a photo counts for the structure whose inspection it belongs to
I7 model registry   one active version, by a recorded activation; its files are those registered,
                    and it answers drawn photos as when it was written
I8 review safety    the decision that stands is the one that the append-only log ends with

Everything is read in chunks, so memory does not grow with the site. The site may be in use.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from classifier import photo_files, versions
from classifier.engine import GOLDEN_TOLERANCE, ModelFileError, engine
from classifier.models import AuditEvent, Decision, ModelVersion, Photo, Prediction
from classifier.models.photo_queue import MAX_ATTEMPTS
from classifier.states import Outcome, PhotoState, VersionState

CHUNK = 500
STUCK_AFTER = timedelta(seconds=90)
"""How long after a lapsed lease, or without any photo ending, a pending photo counts as stuck."""
GRACE = timedelta(hours=24)
"""Files younger than this may belong to an upload under way."""

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """One broken promise: which (I1 … I8), and a sentence that names the row or the file."""

    invariant: str
    sentence: str


def verify(*, now: datetime, grace: timedelta = GRACE) -> Iterator[Finding]:
    """Yield what is broken; files without a row only where older than `grace`."""
    standstill = not Photo.objects.ended_since(now - STUCK_AFTER).exists()
    for photos in _photos():
        for photo in photos:
            yield from _original(photo)
            yield from _turn(photo, now=now, standstill=standstill)
            yield from _answer(photo)
            yield from _place(photo)
        yield from _decisions(photos)
    yield from _doubled_answers()
    yield from _orphans((now - grace).timestamp())
    yield from _registry()


def scope() -> dict[str, int]:
    """Return how much there is to check."""
    return {"photos": Photo.objects.count(), "model_versions": ModelVersion.objects.count()}


def _photos() -> Iterator[list[Photo]]:
    """Yield all photos by the hundred; each query is short, so nothing holds up the site."""
    last = 0
    while photos := Photo.objects.for_verification(after=last, limit=CHUNK):
        yield photos
        last = photos[-1].pk


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _named(photo: Photo) -> str:
    return f"Photo {photo.pk} ({photo.name})"


# --- I1: the stored bytes ---
def _original(photo: Photo) -> Iterator[Finding]:
    path = photo_files.original(photo)
    try:
        size = path.stat().st_size
        if size != photo.byte_size:
            what = f"has {size} bytes instead of the {photo.byte_size} uploaded"
        elif photo_files.sha256_of(path) != photo.sha256:
            what = "has other bytes than those uploaded (its SHA-256 differs)"
        else:
            return
    except FileNotFoundError:
        what = "is missing"
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
    yield Finding("I1", f"{_named(photo)}: its file {_shown(path)} {what}.")


# --- I2: its turn comes ---
def _turn(photo: Photo, *, now: datetime, standstill: bool) -> Iterator[Finding]:
    overdue = now - STUCK_AFTER
    if photo.state == PhotoState.CLASSIFYING:
        if photo.lease_until is None or photo.lease_until < overdue:
            worker = photo.claimed_by or "without a name"
            yield Finding("I2", f"{_named(photo)} is stuck: its worker {worker} is gone.")
    elif photo.state == PhotoState.WAITING:
        if photo.attempts >= MAX_ATTEMPTS:
            yield Finding("I2", f"{_named(photo)} is stuck: its attempts are used up.")
        elif standstill and _waiting_since(photo) < overdue:
            yield Finding("I2", f"{_named(photo)} is stuck: it waits, and no photo gets ready.")


def _waiting_since(photo: Photo) -> datetime:
    """A rung bell may wait in the queue for as long as a claim holds."""
    lease = timedelta(seconds=settings.CLASSIFY_LEASE_SECONDS)
    return (photo.rung_at or photo.uploaded_at) + lease


# --- I3: one answer ---
def _answer(photo: Photo) -> Iterator[Finding]:
    prediction = photo.prediction
    if prediction is None:
        if photo.state == PhotoState.CLASSIFIED or photo.prediction_id:
            yield Finding("I3", f"{_named(photo)} is classified but has no prediction row.")
    elif prediction.photo_id != photo.pk:
        owner = prediction.photo_id
        yield Finding("I3", f"{_named(photo)} shows the prediction of photo {owner}.")
    elif prediction.weights_sha256 != prediction.model_version.weights_sha256:
        yield Finding("I3", f"{_named(photo)} was judged by other weights than its version's.")


def _doubled_answers() -> Iterator[Finding]:
    for photo, version, count in Prediction.objects.doubled():
        sentence = f"Photo {photo} has {count} predictions of model version {version}."
        yield Finding("I3", sentence)


# --- I6: counted where it belongs ---
def _place(photo: Photo) -> Iterator[Finding]:
    visited = photo.photo_set.inspection.structure_id
    if photo.structure_id != visited:
        yield Finding(
            "I6",
            f"{_named(photo)} counts for structure {photo.structure_id}, "
            f"but its inspection is of structure {visited}.",
        )


# --- I8: the log of decisions ---
def _decisions(photos: list[Photo]) -> Iterator[Finding]:
    ends = _log_ends([photo.pk for photo in photos])
    for photo in photos:
        # Somebody may have decided between the two queries: ask again while nobody can.
        if ends.get(photo.pk) != photo.decision_id and not _follows_its_log(photo.pk):
            shown, wanted = photo.decision_id or "none", ends.get(photo.pk) or "none"
            yield Finding(
                "I8", f"{_named(photo)} shows decision {shown}, but its log ends with {wanted}."
            )


def _log_ends(photo_ids: list[int]) -> dict[int, int | None]:
    """Replay the append-only log: which decision stands on each photo at its end."""
    ends: dict[int, int | None] = {}
    for pk, photo_id, outcome, before_the_withdrawn in Decision.objects.log_of(photo_ids):
        ends[photo_id] = before_the_withdrawn if outcome == Outcome.WITHDRAWN else pk
    return ends


@transaction.atomic
def _follows_its_log(photo_id: int) -> bool:
    photo = Photo.objects.locked(photo_id)
    return photo is None or _log_ends([photo_id]).get(photo_id) == photo.decision_id


# --- I5: no phantoms ---
def originals_without_photo(*, before: float) -> Iterator[Path]:
    """Yield originals that no photo owns, last changed `before` (seconds since 1970)."""
    for paths in _chunks((Path(settings.MEDIA_ROOT) / "originals").glob("*/*")):
        wanted = {photo_files.original(photo) for photo in _owners(path.stem for path in paths)}
        yield from _unowned(paths, wanted, before)


def _orphans(limit: float) -> Iterator[Finding]:
    """Files without a row, last changed before `limit` (seconds since 1970)."""
    media = Path(settings.MEDIA_ROOT)
    for path in originals_without_photo(before=limit):
        yield Finding("I5", f"No photo has the original {_shown(path)}.")
    for paths in _chunks((media / "derived").glob("*/*")):
        wanted = {photo_files.derived(photo) for photo in _owners(path.name for path in paths)}
        for path in _unowned(paths, wanted, limit):
            yield Finding("I5", f"No photo has the derived images {_shown(path)}.")
    for path in _unowned((media / "incoming").glob("*"), set(), limit):
        yield Finding("I5", f"An abandoned upload was not cleared: {_shown(path)}.")


def _owners(names: Iterable[str]) -> Iterable[Photo]:
    return Photo.objects.with_keys([key for name in names if (key := _key(name))])


def _key(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name)
    except ValueError:
        return None


def _unowned(paths: Iterable[Path], wanted: set[Path], limit: float) -> Iterator[Path]:
    return (path for path in paths if path not in wanted and _changed(path) < limit)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # an upload that ended while we looked
        return float("inf")


def _shown(path: Path) -> str:
    media = Path(settings.MEDIA_ROOT)
    return path.relative_to(media).as_posix() if path.is_relative_to(media) else str(path)


# --- I7: the model registry ---
def _registry() -> Iterator[Finding]:
    active = [
        version for version in ModelVersion.objects.all() if version.state == VersionState.ACTIVE
    ]
    if len(active) != 1:
        names = ", ".join(map(str, active)) or "none"
        yield Finding("I7", f"One model version has to be active; active: {names}.")
    for version in active:
        if AuditEvent.objects.last_subject("model version activated") != version.pk:
            yield Finding("I7", f"Model version {version} is active without a recorded activation.")
    for version in ModelVersion.objects.order_by("pk"):
        if version.state == VersionState.DISCARDED:
            continue  # nothing will ever load it
        if problem := versions.problem(version):
            yield Finding("I7", problem)
        elif version in active:
            yield from _golden_answers(version)


def _golden_answers(version: ModelVersion) -> Iterator[Finding]:
    try:
        difference = engine().golden_difference(versions.sealed_folder(version))
    except ModelFileError as error:
        yield Finding("I7", f"Model version {version} is active and cannot be opened: {error}")
        return
    if difference is not None and not difference <= GOLDEN_TOLERANCE:  # NaN is neither
        yield Finding(
            "I7",
            f"Model version {version} is active and no longer answers as when it was written: "
            f"scores of drawn photos differ by up to {difference:.4f}. Another processor or "
            "another release of a library may be the cause; compare it with another version.",
        )
