"""Sharing a report by a link: read-only, for a number of days, revocable, and logged."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from classifier import roles
from classifier.models import AuditEvent, Report, ShareLink, User
from classifier.models.share_link import digest_of
from classifier.rights import written_by

DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 7


@written_by(roles.REVIEW)
def share(report: Report, *, days: int, by: User) -> str:
    """Return the token of a new link. It is shown this once; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(days=days)
    link = ShareLink.objects.create(
        report=report, token_sha256=digest_of(token), expires_at=expires_at, by=by
    )
    AuditEvent.objects.record("report shared", link, by=by, until=expires_at.isoformat())
    return token


@written_by(roles.REVIEW)
def revoke(link: ShareLink, *, by: User) -> None:
    """Close a link at once; a second press changes nothing."""
    if ShareLink.objects.revoke(link.pk, timezone.now()):
        AuditEvent.objects.record("report link revoked", link, by=by)


@transaction.atomic
def opened(token: str, *, address: str) -> Report | None:
    """Return the report that a link leads to, and log the opening; None for a link that is shut."""
    link = ShareLink.objects.valid(token, timezone.now())
    if link is None:
        return None
    AuditEvent.objects.record("shared report opened", link, by=None, address=address)
    return link.report
