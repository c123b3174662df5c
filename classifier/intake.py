"""Taking photos in: verified by decoding, durable before the answer, once per structure."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier import disks, failpoints, images, photo_files, review, roles
from classifier.models import AuditEvent, Element, Inspection, Photo, PhotoSet, Structure, User
from classifier.rights import written_by


class UploadRefused(Exception):
    """A photo is not taken in. `sentence` tells a person why; `status` is the HTTP answer."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


class SiteFull(Exception):
    """The site holds as much as its owner lets it; `sentence` tells a person."""

    def __init__(self, limit: str) -> None:
        self.sentence = _(
            "The site may hold %(limit)s, and does. The photo was not stored. "
            "Ask your admin to raise the limit, then try again."
        ) % {"limit": limit}
        super().__init__(self.sentence)


@dataclass(frozen=True)
class Received:
    """The stored photo; `duplicate` where these bytes were already there, so nothing was stored."""

    photo: Photo
    duplicate: bool


def receive_photo(
    photo_set: PhotoSet, upload: UploadedFile[bytes], *, by: User, client_sha256: str = ""
) -> Received:
    """Store one uploaded photo durably and say whether it is new to its structure.

    Raises UploadRefused for bytes that are no usable photo, SiteFull for the owner's limits,
    StorageFull and StorageFailed for the disk; in each case nothing is stored. A database that
    breaks off raises OperationalError or InterfaceError: sent again, the photo is there once.
    """
    name = images.display_name(upload.name or "")
    facts = _inspected(upload, name=name)
    with photo_files.received(upload.chunks()) as (path, sha256):
        if client_sha256 and client_sha256 != sha256:
            raise UploadRefused(
                _("%(name)s arrived damaged: its bytes differ from those sent. Send it again.")
                % {"name": name},
                status=422,
            )
        earlier = Photo.objects.for_structure(photo_set.inspection.structure).with_bytes(sha256)
        if earlier is not None:
            _put_back(path, earlier, by=by)
            return Received(earlier, duplicate=True)
        photo = _described(path, facts, name=name)
        photo.photo_set, photo.structure = photo_set, photo_set.inspection.structure
        photo.sha256, photo.byte_size, photo.uploaded_by = sha256, path.stat().st_size, by
        return _stored(path, photo)


def _inspected(upload: UploadedFile[bytes], *, name: str) -> images.PhotoFacts:
    """Look at size and header before a byte is stored; raises UploadRefused."""
    try:
        return images.inspect(cast(BinaryIO, upload.file), name=name)
    except images.PhotoRefused as refusal:
        raise UploadRefused(refusal.sentence, status=refusal.http_status) from refusal


def _described(path: Path, facts: images.PhotoFacts, *, name: str) -> Photo:
    """Describe the photo by its header and its EXIF block, which is read this once."""
    capture = images.read_capture_facts(path)
    return Photo(
        name=name,
        media_type=facts.media_type,
        width=facts.width,
        height=facts.height,
        orientation=facts.orientation,
        notices=[*facts.notices, *capture.notices],
        taken_at=_in_site_zone(capture.taken_at),
        camera=capture.camera,
        latitude=capture.latitude,
        longitude=capture.longitude,
    )


def _in_site_zone(moment: datetime | None) -> datetime | None:
    """Cameras write local time without a zone; read it in the site's."""
    if moment is None or timezone.is_aware(moment):
        return moment
    return timezone.make_aware(moment, timezone.get_default_timezone())


def _stored(path: Path, photo: Photo) -> Received:
    """Bring the file to its place, then write its row.

    A connection that breaks in mid-commit does not tell whether the row stands, so the file stays;
    one without a row is set aside a day later (`janitor`).
    """
    committing = False
    try:
        photo_files.keep(path, photo)
        failpoints.hit("U5")
        with transaction.atomic():
            _write_row(photo)
            committing = True
    except IntegrityError:
        # The same bytes came in twice at the same instant; the other request won.
        photo_files.remove(photo)
        winner = Photo.objects.for_structure(photo.structure).with_bytes(photo.sha256)
        if winner is None:
            raise
        return Received(winner, duplicate=True)
    except BaseException as problem:
        if not committing or disks.is_full(problem):
            photo_files.remove(photo)
        raise
    failpoints.hit("U7")
    return Received(photo, duplicate=False)


def _write_row(photo: Photo) -> None:
    photo.uploaded_by.demand_anew(roles.UPLOAD)
    _still_room_for(photo)
    photo.save()
    AuditEvent.objects.record("photo uploaded", photo, by=photo.uploaded_by, sha256=photo.sha256)
    failpoints.hit("U6")


def _put_back(path: Path, photo: Photo, *, by: User) -> None:
    """Let a received file take the place of its own original where that is gone or was changed."""
    if photo_files.is_whole(photo):
        return
    with transaction.atomic():
        by.demand_anew(roles.UPLOAD)
        photo_files.keep(path, photo)
        AuditEvent.objects.record("original put back", photo, by=by, sha256=photo.sha256)
    if photo.is_failed:
        with suppress(review.SignedOff):
            retry(photo, by=by)


def already_here(photo_set: PhotoSet, digests: list[str]) -> dict[str, Photo]:
    """Return the photos of this structure that have one of these SHA-256 digests, by digest.

    Without those whose file is gone or that failed: sent again, it is put back.
    """
    photos = Photo.objects.for_structure(photo_set.inspection.structure).by_bytes(digests)
    return {
        digest: photo
        for digest, photo in photos.items()
        if photo_files.is_there(photo) and not photo.is_failed
    }


def _still_room_for(photo: Photo) -> None:
    """Ask where the row is written: on SQLite nobody writes in between, so the limit is exact."""
    if not (settings.MOST_PHOTOS or settings.MOST_GIGABYTES):
        return
    count, size = Photo.objects.volume()
    if settings.MOST_PHOTOS and count >= settings.MOST_PHOTOS:
        raise SiteFull(_("%(count)s photos") % {"count": f"{settings.MOST_PHOTOS:,}"})
    if settings.MOST_GIGABYTES and size + photo.byte_size > settings.MOST_GIGABYTES * 10**9:
        raise SiteFull(_("%(count)s GB of photos") % {"count": f"{settings.MOST_GIGABYTES:,}"})


@written_by(roles.UPLOAD)
def open_photo_set(
    inspection: Inspection,
    *,
    by: User,
    element: Element | None = None,
    notes: str = "",
    mm_per_pixel: float | None = None,
) -> PhotoSet:
    return PhotoSet.objects.create(
        inspection=inspection,
        element=element,
        notes=notes,
        mm_per_pixel=mm_per_pixel,
        uploaded_by=by,
    )


@written_by(roles.REGISTER)
def register_structure(structure: Structure, *, elements: list[str], by: User) -> Structure:
    """Save a structure with exactly the named elements; one that has photo sets stays."""
    is_new = structure.pk is None
    before = {} if is_new else Structure.objects.described(structure.pk)
    if is_new:
        structure.created_by = by
    structure.save()
    for name in elements:
        Element.objects.get_or_create(structure=structure, name=name)
    Element.objects.unused_of(structure).exclude(name__in=elements).delete()
    after = Structure.objects.described(structure.pk)
    changed = {name: [was, after[name]] for name, was in before.items() if was != after[name]}
    action = "structure registered" if is_new else "structure changed"
    AuditEvent.objects.record(action, structure, by=by, **changed)
    return structure


@written_by(roles.UPLOAD)
def register_inspection(inspection: Inspection, *, structure: Structure, by: User) -> Inspection:
    inspection.structure, inspection.created_by = structure, by
    inspection.save()
    AuditEvent.objects.record("inspection registered", inspection, by=by)
    return inspection


@written_by(roles.UPLOAD)
def retry(photo: Photo, *, by: User) -> bool:
    """Put a failed or outdated photo back in the queue with a fresh count; False where it waits.

    Raises SignedOff: in a signed inspection no verdict changes.
    """
    review.refuse_where_signed(photo)
    moved = Photo.objects.by_id(photo.pk).ask_again()
    if moved:
        AuditEvent.objects.record("classification asked again", photo, by=by)
    return bool(moved)


@written_by(roles.UPLOAD)
def retry_failed(*, by: User) -> tuple[int, int]:
    """Put all failed photos back in the queue, for which the sweeper rings.

    Returns how many, and how many stay because their inspections are signed off.
    """
    Inspection.objects.lock_all()
    moved = Photo.objects.failed().unsigned().ask_again()
    if moved:
        AuditEvent.objects.record("classification asked again", by, by=by, photos=moved)
    return moved, Photo.objects.failed().count()
