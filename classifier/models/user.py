"""The people of the organisation. What each may do comes from the groups of `roles`."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in; may hold several roles."""

    unrecorded: dict[str, list[object]]
    """What the save under way changes, before and after; see `accounts`."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username
