"""Photos whose flag one version sets or takes away, for a page to show."""

from dataclasses import dataclass, field

from classifier.models import Photo
from classifier.states import Verdict


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
    now_flagged: list[Flip]
    no_longer_flagged: list[Flip]
    cracks_moved_down: list[Flip] = field(default_factory=list)
    """Confirmed cracks that the later version judges lower, such as undecided instead of flagged;
    they do not stand among the others."""


def is_lower(verdict: Verdict, *, than: Verdict) -> bool:
    """Tell whether a verdict calls less for a look than another."""
    order = list(Verdict)
    return order.index(verdict) > order.index(than)
