"""Photos whose flag one version sets or takes away, for a page to show."""

from dataclasses import dataclass

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
