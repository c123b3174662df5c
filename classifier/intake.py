"""Taking photos in: verified by decoding, durable before the answer, once per structure."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier import failpoints, images, photo_files, roles
from classifier.models import AuditEvent, Element, Inspection, Photo, PhotoSet, Structure, User
from classifier.states import PhotoState


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
    StorageFull and StorageFailed for the disk; in each case nothing is stored.
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
    photo_files.keep(path, photo)
    failpoints.hit("U5")
    try:
        with transaction.atomic():
            _still_allowed(photo.uploaded_by)
            _still_room_for(photo)
            photo.save()
            AuditEvent.objects.record(
                "photo uploaded", photo, by=photo.uploaded_by, sha256=photo.sha256
            )
            failpoints.hit("U6")
    except IntegrityError:
        # The same bytes came in twice at the same instant; the other request won.
        photo_files.remove(photo)
        winner = Photo.objects.for_structure(photo.structure).with_bytes(photo.sha256)
        if winner is None:
            raise
        return Received(winner, duplicate=True)
    except BaseException:
        photo_files.remove(photo)
        raise
    failpoints.hit("U7")
    return Received(photo, duplicate=False)


def already_here(photo_set: PhotoSet, digests: list[str]) -> dict[str, Photo]:
    """Return the photos of this structure that have one of these SHA-256 digests, by digest."""
    return Photo.objects.for_structure(photo_set.inspection.structure).by_bytes(digests)


def _still_allowed(person: User) -> None:
    """Ask again where the row is written: an upload over a slow line takes minutes."""
    if not User.objects.get(pk=person.pk).has_perm(roles.UPLOAD):
        raise PermissionDenied


def _still_room_for(photo: Photo) -> None:
    """Ask where the row is written: on SQLite nobody writes in between, so the limit is exact."""
    if not (settings.MOST_PHOTOS or settings.MOST_GIGABYTES):
        return
    count, size = Photo.objects.volume()
    if settings.MOST_PHOTOS and count >= settings.MOST_PHOTOS:
        raise SiteFull(_("%(count)s photos") % {"count": f"{settings.MOST_PHOTOS:,}"})
    if settings.MOST_GIGABYTES and size + photo.byte_size > settings.MOST_GIGABYTES * 10**9:
        raise SiteFull(_("%(count)s GB of photos") % {"count": f"{settings.MOST_GIGABYTES:,}"})


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


@transaction.atomic
def register_structure(structure: Structure, *, elements: list[str], by: User) -> Structure:
    """Save a structure with exactly the named elements; one that has photo sets stays."""
    is_new = structure.pk is None
    if is_new:
        structure.created_by = by
    structure.save()
    for name in elements:
        Element.objects.get_or_create(structure=structure, name=name)
    Element.objects.unused_of(structure).exclude(name__in=elements).delete()
    action = "structure registered" if is_new else "structure changed"
    AuditEvent.objects.record(action, structure, by=by)
    return structure


@transaction.atomic
def register_inspection(inspection: Inspection, *, structure: Structure, by: User) -> Inspection:
    inspection.structure, inspection.created_by = structure, by
    inspection.save()
    AuditEvent.objects.record("inspection registered", inspection, by=by)
    return inspection


def retry(photo: Photo, *, by: User) -> bool:
    """Put a failed or outdated photo back in the queue with a fresh count; False where it waits."""
    moved = Photo.objects.by_id(photo.pk).move(
        PhotoState.WAITING, attempts=0, reason="", claimed_by="", lease_until=None, rung_at=None
    )
    if moved:
        AuditEvent.objects.record("classification asked again", photo, by=by)
    return bool(moved)
