"""What no password of this site may hold: the words that somebody who knows it would try first."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = ("hairline", "crack", "inspect", "review", "viewer", "admin")
"""The product, what it is for, and its roles."""
SHORTEST = 4
"""Shorter parts of a host's name are in too many other words."""


class WithoutWordsOfTheSite:
    """A validator of Django's AUTH_PASSWORD_VALIDATORS; the hosts' names count as words, too."""

    def validate(self, password: str, _user: object = None) -> None:
        plain = password.casefold()
        found = next((word for word in words() if word in plain), "")
        if found:
            told = _("“%(word)s” is what others would try first on this site; leave it out.")
            raise ValidationError(told % {"word": found}, code="password_word_of_the_site")

    def get_help_text(self) -> str:
        return _("Your password cannot hold a word of this site, such as its name.")


def words() -> list[str]:
    """Return what a password may not hold, the parts of the site's addresses included."""
    parts = [part for host in settings.ALLOWED_HOSTS for part in host.casefold().split(".")]
    return [*WORDS, *(part for part in parts if len(part) >= SHORTEST and part.isalpha())]
