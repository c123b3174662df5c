"""What a model version did with a group of photos: shares with their intervals, from counts."""

from collections import Counter
from dataclasses import dataclass

from classifier.intervals import SMALLEST_SAMPLE, wilson

BINS = 10
CERTAINTY = 0.99
"""A share has moved only where the two intervals of this certainty lie apart: by chance alone that
happens less than once in 3,000 comparisons, and a few hundred are made each time."""


@dataclass(frozen=True)
class Share:
    hits: int
    of: int

    @property
    def percent(self) -> float:
        return 100 * self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval in percent; all of it where there is nothing to count."""
        low, high = wilson(self.hits, self.of) if self.of else (0.0, 1.0)
        return 100 * low, 100 * high

    def __str__(self) -> str:
        return f"{self.percent:.0f} % of {self.of}"

    def lies_apart_from(self, other: "Share") -> bool:
        """Whether chance does not explain the difference; never of small samples."""
        if min(self.of, other.of) < SMALLEST_SAMPLE:
            return False
        low, high = wilson(self.hits, self.of, certainty=CERTAINTY)
        other_low, other_high = wilson(other.hits, other.of, certainty=CERTAINTY)
        return low > other_high or high < other_low


@dataclass(frozen=True)
class Figures:
    """What a version did with a group of photos, from counts that add up."""

    counts: Counter[str]

    @property
    def photos(self) -> int:
        return self.counts["photos"]

    @property
    def flagged(self) -> Share:
        return Share(self.counts["flagged"], self.photos)

    @property
    def dismissed(self) -> Share:
        """Of the reviewed photos that the version flagged or left undecided."""
        return Share(self.counts["dismissed"], self.counts["looked at"])

    @property
    def agreed(self) -> Share:
        """Of the reviewed photos that it flagged or called clear: as the reviewer did."""
        return Share(self.counts["agreed"], self.counts["sure"])

    @property
    def poor(self) -> Share:
        """Photos with a warning, of those whose quality was measured."""
        return Share(self.counts["poor"], self.counts["measured"])

    @property
    def scores(self) -> list[int]:
        """How many photos have a score in each tenth."""
        return [self.counts[f"tenth {tenth}"] for tenth in range(BINS)]

    @property
    def bars(self) -> list[float]:
        """The histogram of scores, the highest bar being 1."""
        return [count / max(1, *self.scores) for count in self.scores]
