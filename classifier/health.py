"""Whether the site works: what monitoring asks, and what admins look at."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError

from classifier.models import ModelVersion, Pulse

SWEEP = "sweep"
"""The pulse of the sweeper, which stands still with the clock, its worker or the broker."""


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
