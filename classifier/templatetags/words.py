"""What stored values are called: {{ photo.state|word }}."""

from django import template
from django.utils.translation import gettext, gettext_noop

register = template.Library()

# Of no set of states: what an upload's row and the review queue call a photo.
gettext_noop("Sending"), gettext_noop("Stored"), gettext_noop("Refused"), gettext_noop("Unreviewed")


@register.filter
def word(value: str) -> str:
    return gettext(value.capitalize())
