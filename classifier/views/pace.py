"""How often one person or address may do what costs the site, before others come first."""

import time
from collections import deque


class Pace:
    """Counts what somebody did within the last `seconds`, in this process alone."""

    def __init__(self, most: int, *, seconds: float = 60.0) -> None:
        self.most = most
        self.seconds = seconds
        self._moments: dict[int | str, deque[float]] = {}

    def note(self, who: int | str) -> None:
        self._recent(who).append(time.monotonic())

    def is_exceeded(self, who: int | str) -> bool:
        return len(self._recent(who)) >= self.most

    def _recent(self, who: int | str) -> deque[float]:
        moments = self._moments.setdefault(who, deque(maxlen=self.most))
        while moments and moments[0] < time.monotonic() - self.seconds:
            moments.popleft()
        return moments
