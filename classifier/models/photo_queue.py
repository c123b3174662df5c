"""The queue of record: which photos wait for a worker, and who holds which."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Count, F, Min, Q, Sum

from classifier.models.photo_lists import PhotoLists
from classifier.states import PENDING, PhotoState

if TYPE_CHECKING:
    from classifier.models import Photo

MAX_ATTEMPTS = 3
"""A photo whose classification died this often is quarantined: its next try may kill the worker."""


def _lapsed(now: datetime, lease: timedelta) -> Q:
    """A lease that is over, or longer than any: the clock that gave it was wrong."""
    return Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * lease)


class PhotoQueue(PhotoLists):
    def claim(self, pk: int, *, claimant: str, lease: timedelta, now: datetime) -> bool:
        """Take one due photo for `claimant`; False where another holds it or it is not due.

        A redelivered message carries the claimant it had: it may take over its own claim at once,
        where a stranger waits for the lease to lapse.
        """
        own_or_lapsed = Q(state=PhotoState.CLASSIFYING) & (
            _lapsed(now, lease) | Q(claimed_by=claimant)
        )
        claimed = self.filter(
            Q(state=PhotoState.WAITING) | own_or_lapsed, pk=pk, attempts__lt=MAX_ATTEMPTS
        ).update(
            state=PhotoState.CLASSIFYING,
            claimed_by=claimant,
            lease_until=now + lease,
            attempts=F("attempts") + 1,
        )
        return claimed == 1

    def for_classification(self, pk: int) -> "Photo":
        return self.select_related("structure").get(pk=pk)

    def held(self, photo: "Photo") -> Self:
        """The photo, as long as the claim it was loaded with still stands."""
        return self.filter(
            pk=photo.pk,
            state=PhotoState.CLASSIFYING,
            claimed_by=photo.claimed_by,
            attempts=photo.attempts,
        )

    def abandoned(self, now: datetime, *, lease: timedelta) -> Self:
        """Claims whose lease has lapsed: their worker died."""
        return self.filter(_lapsed(now, lease), state=PhotoState.CLASSIFYING)

    def exhausted(self, now: datetime, *, lease: timedelta) -> Self:
        return self.abandoned(now, lease=lease).filter(attempts__gte=MAX_ATTEMPTS)

    def ask_again(self) -> int:
        """Put photos that ended back in the queue with a fresh count; return how many."""
        return self.move(
            PhotoState.WAITING, attempts=0, reason="", claimed_by="", lease_until=None, rung_at=None
        )

    def waiting(self) -> Self:
        return self.filter(state=PhotoState.WAITING)

    def silent(self, now: datetime, *, quiet_for: timedelta) -> Self:
        """Photos for which the bell was not rung for a while, or in a future that never came."""
        never = Q(rung_at__isnull=True) | Q(rung_at__gt=now + quiet_for)
        return self.filter(never | Q(rung_at__lt=now - quiet_for))

    # --- figures ---
    def oldest_pending(self) -> datetime | None:
        """When the photo came that has waited longest."""
        pending = self.filter(state__in=PENDING)
        oldest: datetime | None = pending.aggregate(at=Min("uploaded_at"))["at"]
        return oldest

    def held_up(self) -> str:
        """Why the oldest photo waits that could not be looked at for now; empty where none does."""
        held = self.filter(state__in=PENDING).exclude(reason="").order_by("id")
        return held.values_list("reason", flat=True).first() or ""

    def tried_again(self) -> Self:
        return self.filter(attempts__gt=1)

    def volume(self) -> tuple[int, int]:
        """How many photos there are, and the bytes of their originals."""
        found = self.order_by().aggregate(count=Count("id"), size=Sum("byte_size"))
        return found["count"], found["size"] or 0
