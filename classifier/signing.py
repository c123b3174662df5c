"""Signing an inspection off: its decisions are frozen until somebody opens a new revision."""

import hashlib
import json

from django.utils.translation import gettext as _

from classifier import roles, thresholds
from classifier.models import AuditEvent, Inspection, Photo, SignOff, User
from classifier.rights import written_by
from classifier.states import SignOffKind


class CannotSign(Exception):
    """The inspection cannot be signed or opened now; the message is a sentence for a person."""


@written_by(roles.REVIEW)
def sign(inspection: Inspection, *, name: str, by: User) -> SignOff:
    """Freeze the decisions under `name`; raises CannotSign while photos still wait."""
    Inspection.objects.lock(inspection.pk)
    if SignOff.objects.standing(inspection):
        raise CannotSign(_("This inspection is signed off already."))
    photos = Photo.objects.for_inspection(inspection)
    pending, unreviewed = photos.pending().count(), photos.waiting_for_review().count()
    if pending:
        raise CannotSign(
            _("Wait for the classification: it has %(count)s photos to go.") % {"count": pending}
        )
    if unreviewed:
        raise CannotSign(
            _("Review first: %(count)s photos of this visit have no decision.")
            % {"count": unreviewed}
        )
    signed = SignOff.objects.create(
        inspection=inspection,
        kind=SignOffKind.SIGNED,
        revision=SignOff.objects.of(inspection).signed().count() + 1,
        name=name,
        decisions_sha256=decisions_digest(inspection),
        by=by,
    )
    AuditEvent.objects.record(
        "inspection signed off", inspection, by=by, name=name, digest=signed.decisions_sha256
    )
    return signed


@written_by(roles.REVIEW)
def reopen(inspection: Inspection, *, reason: str, by: User) -> SignOff:
    """Open a signed inspection for a new revision; the old signature stays on record."""
    Inspection.objects.lock(inspection.pk)
    signed = SignOff.objects.standing(inspection)
    if signed is None:
        raise CannotSign(_("This inspection is not signed off."))
    opened = SignOff.objects.create(
        inspection=inspection,
        kind=SignOffKind.REOPENED,
        revision=signed.revision,
        reason=reason,
        by=by,
    )
    thresholds.catch_up(Photo.objects.for_inspection(inspection))
    AuditEvent.objects.record("inspection reopened", inspection, by=by, reason=reason)
    return opened


def decisions_digest(inspection: Inspection) -> str:
    """Return the SHA-256 over every photo of the inspection with the decision that stands."""
    rows = [
        [photo.sha256, photo.decision_id, photo.decision and photo.decision.outcome]
        for photo in Photo.objects.for_inspection(inspection).select_related("decision")
    ]
    return hashlib.sha256(json.dumps(sorted(rows, key=str)).encode()).hexdigest()
