"""Whether the site works: what monitoring asks, and what admins look at."""

import logging
import shutil
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Max

from classifier import janitor, photo_files, verification
from classifier.models import ModelVersion, Photo, Pulse

logger = logging.getLogger(__name__)

SWEEP = "sweep"
"""The pulse of the sweeper, which stands still with the clock, its worker or the broker."""


VERIFICATION = "verification"
"""The pulse of the nightly check of everything that is stored."""


BACKUP = "backup"
"""The pulse of the last backup that was finished."""
CENSUS = "census"
"""The pulse of what the queues hold and which workers answer."""
BREAKER = "broker silent"
"""The pulse of a broker that failed so often that no process tries it for a while."""
BREAKER_SECONDS = 30.0
SECONDS_CENSUS_HOLDS = 180
"""After this long a census says how things were, not how they are."""


def is_ready() -> bool:
    """Whether pages can be answered and photos taken in: the database, and an active model."""
    try:
        return ModelVersion.objects.active() is not None
    except DatabaseError:
        return False


def is_healthy(now: datetime) -> bool:
    """Whether photos get on as well: ready, the sweeper has run lately, and no version that could
    not be used waits for an admin.
    """
    sweeping = is_ready() and _is_sweeping(Pulse.objects.of(SWEEP), now)
    return sweeping and not ModelVersion.objects.alarming().exists()


def _is_sweeping(sweep: Pulse | None, now: datetime) -> bool:
    return sweep is not None and sweep.is_fresh(now, for_seconds=settings.SWEEP_SILENCE_SECONDS)


def facts(now: datetime) -> dict[str, object]:
    """What an admin wants to know of the site at a glance."""
    disk = shutil.disk_usage(settings.MEDIA_ROOT)
    active, sweep = ModelVersion.objects.active(), Pulse.objects.of(SWEEP)
    return {
        "healthy": active is not None and _is_sweeping(sweep, now),
        "pending": Photo.objects.pending().count(),
        "oldest": Photo.objects.oldest_pending(),
        "held_up": Photo.objects.held_up(),
        "last_ended": Photo.objects.aggregate(at=Max("ended_at"))["at"],
        "sweep": sweep,
        "verification": Pulse.objects.of(VERIFICATION),
        "aside": photo_files.aside(),
        "volume": Photo.objects.volume(),
        "most_photos": settings.MOST_PHOTOS,
        "most_gigabytes": settings.MOST_GIGABYTES,
        "backup": Pulse.objects.of(BACKUP),
        "is_ready": active is not None,
        **_census(now),
        "active": active,
        "failed": ModelVersion.objects.alarming(),
        "disk_free": disk.free,
        "disk_total": disk.total,
    }


def _census(now: datetime) -> dict[str, object]:
    """What the queues held and who worked on them, as last counted; no broker is asked here."""
    census = Pulse.objects.of(CENSUS)
    found = census.detail if census else {}
    workers = found.get("workers", {})
    served = {queue for worker in workers.values() for queue in worker["queues"]}
    is_old = census is not None and census.at < now - timedelta(seconds=SECONDS_CENSUS_HOLDS)
    return {
        "census": census,
        "census_is_old": is_old,
        "queues": dict(sorted(found.get("queues", {}).items())),
        "workers": sorted(workers.items()),
        "unserved": sorted(set(found.get("queues", {})) - served),
        "site_version": settings.VERSION,
    }


def verify_all(now: datetime) -> int:
    """Check everything that is stored, keep what was found, and return how much is broken.

    Originals that no photo owns are set aside before.
    """
    janitor.set_aside_originals(now)
    findings = [f"{found.invariant} {found.sentence}" for found in verification.verify(now=now)]
    Pulse.objects.beat(
        VERIFICATION, broken=len(findings), findings=findings[:50], photos=Photo.objects.count()
    )
    if findings:
        kinds = sorted({sentence.split()[0] for sentence in findings})
        # The sentences name files of people, so they stay on the system page.
        logger.error("verification found %s broken promises of %s", len(findings), kinds)
    return len(findings)
