"""How often one person or address may do what costs the site, before others come first."""

import math
import time
from collections import deque

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis import RedisError

BROKEN = (RedisError, OSError)
SILENCE_SECONDS = 15.0
"""How long a store of counts that failed is not asked: frozen, it costs half a second a time."""


class Pace:
    """Counts what somebody did in each span of `seconds`.

    With a `name` all processes of the site count together, in the broker's valkey. While that is
    down, and without a name, each counts for itself.
    """

    ask_again_at = 0.0
    """For all counts of this process: they share the store."""

    def __init__(self, most: int, *, seconds: float = 60.0, name: str = "") -> None:
        self.most = most
        self.seconds = seconds
        self.name = name
        self._moments: dict[int | str, deque[float]] = {}

    def take(self, who: int | str) -> bool:
        """Count one more; False where that is one too many, also for requests at the same time."""
        counted = self._shared(who, one_more=True)
        within = len(self._recent(who)) < self.most if counted is None else counted <= self.most
        if within:
            self._recent(who).append(time.monotonic())
        return within

    def note(self, who: int | str) -> None:
        self._recent(who).append(time.monotonic())
        self._shared(who, one_more=True)

    def is_exceeded(self, who: int | str) -> bool:
        counted = self._shared(who)
        return (len(self._recent(who)) if counted is None else counted) >= self.most

    def seconds_left(self) -> int:
        """Return how long the present span goes on."""
        return math.ceil(self.seconds - time.time() % self.seconds)

    def _recent(self, who: int | str) -> deque[float]:
        moments = self._moments.setdefault(who, deque(maxlen=self.most))
        while moments and moments[0] < time.monotonic() - self.seconds:
            moments.popleft()
        return moments

    def _shared(self, who: int | str, *, one_more: bool = False) -> int | None:
        """Return what all processes have counted in this span; None where that is unknown."""
        if not self.name or time.monotonic() < Pace.ask_again_at:
            return None
        # Hashed: addresses of people are not written down.
        digest = salted_hmac(self.name, str(who), algorithm="sha256").hexdigest()[:32]
        key = f"pace:{self.name}:{digest}:{int(time.time() // self.seconds)}"
        try:
            if not one_more:
                return int(cache.get(key, 0))
            cache.add(key, 0, timeout=self.seconds)
            return int(cache.incr(key))
        except BROKEN:
            Pace.ask_again_at = time.monotonic() + SILENCE_SECONDS
        except ValueError:  # the span ended between the two orders
            pass
        return None
