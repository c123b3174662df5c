"""In which zone a person reads times: their own, else the site's.

What is stored has an offset and never changes with it. When a photo was taken is no matter of the
reader: cameras write the time of their own clock, which is kept and shown in the site's zone.
"""

from collections.abc import Callable
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

Respond = Callable[[HttpRequest], HttpResponseBase]


@cache
def names() -> frozenset[str]:
    return frozenset(available_timezones())


def find(name: str) -> ZoneInfo | None:
    """Return the zone; None for a name that is empty, wrong or no longer known on this machine."""
    return ZoneInfo(name) if name in names() else None


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every zone with what to call it, by the part of the world."""
    groups = groupby(sorted(names(), key=_sorting), key=_area)
    return [(area, [(name, name.replace("_", " ")) for name in zones]) for area, zones in groups]


def _area(name: str) -> str:
    return name.partition("/")[0] if "/" in name else "Other"


def _sorting(name: str) -> tuple[bool, str, str]:
    return "/" not in name, _area(name), name


def middleware(respond: Respond) -> Respond:
    """Let the person who asks read times in their zone."""

    def respond_in_their_zone(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(find(getattr(request.user, "time_zone", ""))):
            return respond(request)

    return respond_in_their_zone
