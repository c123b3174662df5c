"""Activating a version against the gate: a typed reason and, where the site asks, two admins.

The setting SECOND_ADMIN asks for it. The first admin's reason is kept, the second one agrees.
"""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from classifier import roles
from classifier.models import AuditEvent, ModelVersion, Override, User


class AgainstTheGate(Exception):
    """The version is not shown to be as good as the active one; a typed reason is needed."""


class SecondNeeded(Exception):
    """The reason is kept; another admin has to agree before the version classifies."""


def standing(version: ModelVersion, active: ModelVersion | None) -> Override | None:
    """Return the wish that waits for another admin; None where one admin is enough."""
    return Override.objects.standing(version, active) if settings.SECOND_ADMIN else None


def permit(
    version: ModelVersion, active: ModelVersion, *, against: str, by: User, reason: str
) -> dict[str, str]:
    """Return what the audit log keeps of an activation in spite of the objection `against`.

    Raises AgainstTheGate where nobody gave a reason, SecondNeeded where another admin has to agree;
    PermissionDenied, with no wish kept, where `by` may no longer activate.
    """
    wish = standing(version, active)
    if wish and wish.by_id != by.pk:
        return {"gate": against, "why": wish.reason, "wished_by": str(wish.by)}
    if not reason:
        raise AgainstTheGate(against)
    if not settings.SECOND_ADMIN:
        return {"gate": against, "why": reason}
    with transaction.atomic():
        by.demand_anew(roles.ACTIVATE)
        Override.objects.create(version=version, active=active, reason=reason, by=by)
        AuditEvent.objects.record("activation against the gate wished", version, by=by, why=reason)
    raise SecondNeeded(
        _("Your reason is kept. Another admin has to agree before %(version)s classifies.")
        % {"version": version}
    )
