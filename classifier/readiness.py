"""Whether there is enough to train on, and to compare on: told before a run starts."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from classifier import manifests
from classifier.manifests import Bar
from classifier.models import TrainingRun


@dataclass(frozen=True)
class Readiness:
    """Whether a run would have enough to learn from, and how much of it is new."""

    bars: list[Bar]
    teaching_bars: list[Bar]
    """What the structures that are not kept apart to measure have to teach."""
    gate_bars: list[Bar]
    """What the gate will need to compare the candidate on."""
    new: int
    """Photos decided, decided again or withdrawn since the last run that gave a candidate."""
    last: TrainingRun | None

    @property
    def is_enough(self) -> bool:
        return all(bar.is_met for bar in (*self.bars, *self.teaching_bars))

    @property
    def can_pass(self) -> bool:
        return all(bar.is_met for bar in self.gate_bars)

    @property
    def gate_told(self) -> str:
        """Say how far the structures that only measure are, for a person who wants to start."""
        confirmed, dismissed = self.gate_bars
        if self.can_pass:
            told = _(
                "The gate can compare: the structures that only measure have %(confirmed)s "
                "confirmed and %(dismissed)s dismissed photos; it needs %(needed)s of each."
            )
        else:
            told = _(
                "A candidate trained now cannot pass the gate. It needs %(needed)s confirmed and "
                "%(needed)s dismissed photos of structures that only measure; they have "
                "%(confirmed)s and %(dismissed)s. Review more photos first; of all structures a "
                "quarter only measures."
            )
        return told % {
            "confirmed": confirmed.there,
            "dismissed": dismissed.there,
            "needed": confirmed.needed,
        }


def readiness() -> Readiness:
    labels, last = manifests.outline(), TrainingRun.objects.last_succeeded()
    new = manifests.changes_since(last.manifest if last else [], labels)
    return Readiness(
        bars=manifests.bars(labels),
        teaching_bars=manifests.teaching_bars(labels),
        gate_bars=manifests.gate_bars(labels),
        new=new,
        last=last,
    )
