"""Photos of which two versions say something else, for a page to show."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from classifier.models import Photo
from classifier.states import NEEDS_A_LOOK, Turn, Verdict


@dataclass(frozen=True)
class Flip:
    """`outcome`: what people decided on the photo, or `unreviewed`."""

    photo: Photo
    outcome: str
    before: Verdict
    before_score: float
    after: Verdict
    after_score: float


@dataclass(frozen=True)
class Flips:
    """The clearest photos of each turn; one stands in two lists where its flag turned and the look,
    too.
    """

    now_flagged: list[Flip]
    no_longer_flagged: list[Flip]
    newly_to_look_at: list[Flip]
    no_longer_to_look_at: list[Flip]
    cracks_moved_down: list[Flip] = field(default_factory=list)
    """Confirmed cracks that the later version judges lower, such as undecided instead of flagged;
    they do not stand among the others."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many photos there are for each list, by its name; the lists may end before."""


def turns(was: Verdict, becomes: Verdict) -> Iterator[Turn]:
    """Tell what turned between two verdicts on one photo."""
    if (was == Verdict.FLAGGED) != (becomes == Verdict.FLAGGED):
        yield Turn.NOW_FLAGGED if becomes == Verdict.FLAGGED else Turn.NO_LONGER_FLAGGED
    if (was in NEEDS_A_LOOK) != (becomes in NEEDS_A_LOOK):
        yield Turn.NEWLY_TO_LOOK_AT if becomes in NEEDS_A_LOOK else Turn.NO_LONGER_TO_LOOK_AT


def is_lower(verdict: Verdict, *, than: Verdict) -> bool:
    """Tell whether a verdict calls less for a look than another."""
    order = list(Verdict)
    return order.index(verdict) > order.index(than)
