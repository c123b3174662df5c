"""How much junk one person may send: beyond that, somebody else's upload should come first."""

import time
from collections import deque


class Pace:
    """Counts events a person in a sliding minute, in this process alone."""

    def __init__(self, most: int, *, seconds: float = 60.0) -> None:
        self.most = most
        self.seconds = seconds
        self._moments: dict[int, deque[float]] = {}

    def note(self, person: int) -> None:
        self._recent(person).append(time.monotonic())

    def is_exceeded(self, person: int) -> bool:
        return len(self._recent(person)) >= self.most

    def _recent(self, person: int) -> deque[float]:
        moments = self._moments.setdefault(person, deque(maxlen=self.most))
        while moments and moments[0] < time.monotonic() - self.seconds:
            moments.popleft()
        return moments
