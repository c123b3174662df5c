"""Moments in templates, in the zone of whoever reads: {{ made_at|moment }}.

The formats are texts to translate, so that each language orders day, month and year its own way.
"""

from datetime import date, datetime, tzinfo

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def moment(value: datetime | None) -> str:
    """With the short name of the zone."""
    return _written(value, pgettext("format", "j M Y, H:i T"))


@register.filter
def second(value: datetime | None) -> str:
    """To the second, for tables whose page names the zone."""
    return _written(value, pgettext("format", "j M Y, H:i:s"))


@register.filter
def clock(value: datetime | None) -> str:
    return _written(value, pgettext("format", "H:i T"))


@register.filter
def day(value: date | None) -> str:
    return _written(value, pgettext("format", "j F Y"))


@register.filter
def taken(value: datetime | None) -> str:
    """What the clock of the camera showed, wherever the reader is; see `intake`."""
    zone = timezone.get_default_timezone()
    return _written(value, pgettext("format", "j F Y, H:i"), zone)


def _written(value: date | None, form: str, zone: tzinfo | None = None) -> str:
    if isinstance(value, datetime):
        value = timezone.localtime(value, zone)
    return date_format(value, form) if value else ""
