"""Whether the site works: what monitoring asks, and what admins look at."""

import logging
import shutil
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Max, Min

from classifier import verification
from classifier.models import ModelVersion, Photo, Pulse

logger = logging.getLogger(__name__)

SWEEP = "sweep"
"""The pulse of the sweeper, which stands still with the clock, its worker or the broker."""


VERIFICATION = "verification"
"""The pulse of the nightly check of everything that is stored."""


def is_ready() -> bool:
    """Whether pages can be answered and photos taken in: the database, and an active model."""
    try:
        return ModelVersion.objects.active() is not None
    except DatabaseError:
        return False


def is_healthy(now: datetime) -> bool:
    """Whether photos get on as well: ready, and the sweeper has run lately."""
    silence = timedelta(seconds=settings.SWEEP_SILENCE_SECONDS)
    return is_ready() and Pulse.objects.is_fresh(SWEEP, since=now - silence)


def facts(now: datetime) -> dict[str, object]:
    """What an admin wants to know of the site at a glance."""
    disk = shutil.disk_usage(settings.MEDIA_ROOT)
    return {
        "healthy": is_healthy(now),
        "pending": Photo.objects.pending().count(),
        "oldest": Photo.objects.pending().aggregate(at=Min("uploaded_at"))["at"],
        "last_ended": Photo.objects.aggregate(at=Max("ended_at"))["at"],
        "sweep": Pulse.objects.of(SWEEP),
        "verification": Pulse.objects.of(VERIFICATION),
        "active": ModelVersion.objects.active(),
        "disk_free": disk.free,
        "disk_total": disk.total,
    }


def verify_all(now: datetime) -> int:
    """Check everything that is stored, keep what was found, and return how much is broken."""
    findings = [f"{found.invariant} {found.sentence}" for found in verification.verify(now=now)]
    Pulse.objects.beat(
        VERIFICATION, broken=len(findings), findings=findings[:50], photos=Photo.objects.count()
    )
    if findings:
        kinds = sorted({sentence.split()[0] for sentence in findings})
        # The sentences name files of people, so they stay on the system page.
        logger.error("verification found %s broken promises of %s", len(findings), kinds)
    return len(findings)
