"""A link by which a person without an account reads one report, for a while."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def valid(self, token: str, now: datetime) -> "ShareLink | None":
        """The link of this token; None where there is none, it ran out, or it was revoked."""
        links = self.filter(token_sha256=digest_of(token), expires_at__gt=now)
        open_links = links.filter(revoked_at__isnull=True)
        return open_links.select_related("report__inspection__structure").first()

    def revoke(self, pk: int, now: datetime) -> int:
        return self.filter(pk=pk, revoked_at__isnull=True).update(revoked_at=now)


class ShareLink(models.Model):
    """Only the token's digest is kept: who reads the database cannot open the link."""

    report = models.ForeignKey(
        "classifier.Report", on_delete=models.CASCADE, related_name="share_links"
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return _("Link %(number)s to %(report)s") % {"number": self.pk, "report": self.report}
