"""The people of the organisation. What each may do comes from the groups of `roles`."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import models

BACKEND = "django.contrib.auth.backends.ModelBackend"
"""What knows of rights; the other one of the settings counts wrong passwords."""


class User(AbstractUser):
    """A person who signs in; may hold several roles."""

    time_zone = models.CharField(max_length=64, blank=True)
    """A name of the tz database; empty or no longer known: the site's."""
    unrecorded: dict[str, list[object]]
    """What the save under way changes, before and after; see `accounts`."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def demand_anew(self, right: str) -> None:
        """Ask again where a row is written: a role may have been taken away since the request came.

        Until the transaction ends nobody can take it away. Raises PermissionDenied.
        """
        hold(User.objects.filter(pk=self.pk))
        holders = User.objects.with_perm(right, backend=BACKEND)
        if not holders.filter(pk=self.pk).exists():
            raise PermissionDenied(right)


def hold(people: models.QuerySet[User]) -> None:
    """Let what people write by their rights, and changes of these, come one after the other.

    Locks their rows until the transaction ends; SQLite has one writer at a time anyhow.
    """
    list(people.order_by("pk").select_for_update(no_key=True).values_list("pk"))
