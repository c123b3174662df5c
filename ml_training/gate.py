"""Whether a candidate may take over: conditions on what it and the active model said of the same
photos. Missed cracks come first, false alarms second, calibration third.

A cracked photo is found when it is not called clear: flagged and undecided photos are both looked
at by a person. So many clear photos may not come to be looked at that nobody can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_training.certainty import NINETY, lowest_difference, resampled, signed, told_difference
from ml_training.contracts import FEWEST_MEASURED, GOLDEN_TOLERANCE, Finding, Thresholds
from ml_training.evaluation import Answers, Values, auc, expected_calibration_error

LOST_RECALL = 0.01
"""So much of the recall may be lost, with a one-sided certainty of 95 %."""
LOST_RECALL_OF_A_KIND = 0.05
FEWEST_CRACKED_OF_A_KIND = 20
MORE_FALSE_FLAGS = 0.05
MORE_TO_LOOK_AT = 0.05
"""By this share a candidate may flag more clear photos, and flag or leave undecided more of them;
one that surely exceeds it is refused."""
WORSE_ECE = 0.02
LOST_DRAWN = 0.1
LONGEST_LOAD_SECONDS = 10.0
SLOWEST = 1.5
MORE_MEMORY_MB = 200.0

_DRAWS_OF_ECE = 400


@dataclass(frozen=True)
class Shown:
    """What one model said and what it cost: `seconds` a photo (median), `memory_mb` of loading."""

    thresholds: Thresholds
    scores: Values
    drawn: Values
    seconds: float
    load_seconds: float
    memory_mb: float

    def finds(self) -> Answers:
        return self.scores >= self.thresholds.clear_below

    def flags(self) -> Answers:
        return self.scores >= self.thresholds.flagged_from


@dataclass(frozen=True)
class Trial:
    """Both models on the same photos and on the same drawn ones.

    `golden_difference`: how far the candidate, opened anew, is from the answers it gave when it was
    written; None where none were recorded. `retrained`: the candidate comes from another model, by
    a training that records such answers.
    """

    cracked: Answers
    kinds: Sequence[str]
    drawn_cracked: Answers
    active: Shown
    candidate: Shown
    golden_difference: float | None = None
    retrained: bool = False
    groups: Sequence[str] = ()
    """The structure of each photo; nothing where each stands for itself."""

    def groups_of(self, photos: Answers) -> list[str]:
        return [group for group, is_one in zip(self.groups, photos, strict=False) if is_one]


Rule = Callable[[Trial], Iterator[Finding]]


def judge(trial: Trial) -> tuple[Finding, ...]:
    """Give every condition, the gravest first; a candidate that answers no numbers has only one."""
    answers = (trial.candidate.scores, trial.candidate.drawn)
    if not all(np.isfinite(scores).all() for scores in answers):
        return (Finding("numbers", False, "Some of its answers are no numbers (NaN)."),)
    misses, alarms = (_recall, _recall_of_kinds, _flags), (_false_flags, _to_look_at)
    rules = (_enough, *misses, *alarms, _calibration, _drawn)
    costs = (_golden, _load, _speed, _memory)
    return tuple(finding for rule in (*rules, *costs) for finding in rule(trial))


def _enough(trial: Trial) -> Iterator[Finding]:
    cracked = int(trial.cracked.sum())
    clear = len(trial.cracked) - cracked
    if min(cracked, clear) < FEWEST_MEASURED:
        yield Finding(
            "photos",
            False,
            f"Too little to compare on: the structures that only measure have {cracked} confirmed "
            f"and {clear} dismissed photos; {FEWEST_MEASURED} of each are needed.",
        )


# === Missed cracks ===


def _recall(trial: Trial) -> Iterator[Finding]:
    active, candidate = (s.finds()[trial.cracked] for s in (trial.active, trial.candidate))
    if not len(active):
        return
    groups = trial.groups_of(trial.cracked)
    surely = lowest_difference(candidate, active, groups)
    found = f"it finds {candidate.sum()} of {len(active)} cracked photos, the active version "
    found += f"{active.sum()} ({told_difference(candidate, active, groups)})"
    if surely >= -LOST_RECALL:
        yield Finding("recall", True, f"{found[0].upper()}{found[1:]}.")
    else:
        yield Finding(
            "recall",
            False,
            f"It may miss more cracks: {found}. With 95 % certainty the loss stays under "
            f"{-100 * surely:.0f} points only; {100 * LOST_RECALL:.0f} is allowed.",
        )


def _recall_of_kinds(trial: Trial) -> Iterator[Finding]:
    kinds = np.array(trial.kinds)
    for kind in sorted(set(trial.kinds) - {""}):
        of_kind = trial.cracked & (kinds == kind)
        if of_kind.sum() < FEWEST_CRACKED_OF_A_KIND:
            continue
        active, candidate = (s.finds()[of_kind] for s in (trial.active, trial.candidate))
        found = f"of the kind “{kind}” it finds {candidate.sum()} of {len(active)} cracked photos, "
        told = told_difference(candidate, active, trial.groups_of(of_kind))
        found += f"the active version {active.sum()} ({told})"
        passed = bool(candidate.mean() >= active.mean() - LOST_RECALL_OF_A_KIND)
        begin = "Of" if passed else "It misses more cracks: of"
        yield Finding("recall by kind", passed, f"{begin}{found[2:]}.")


def _flags(trial: Trial) -> Iterator[Finding]:
    """Refuse where cracks surely move from flagged to undecided: found, but later looked at."""
    active, candidate = (s.flags()[trial.cracked] for s in (trial.active, trial.candidate))
    if not len(active):
        return
    groups = trial.groups_of(trial.cracked)
    passed = lowest_difference(active, candidate, groups) <= 0
    begin = "It flags" if passed else "It leaves more cracks undecided: it flags"
    yield Finding(
        "cracks flagged",
        passed,
        f"{begin} {candidate.sum()} of {len(active)} cracked photos, the active version "
        f"{active.sum()} ({told_difference(candidate, active, groups)}).",
    )


# === False alarms and calibration ===


def _no_more_often(
    rule: str, verb: str, *, by: float, otherwise: str, answered: Callable[[Shown], Answers]
) -> Rule:
    """Refuse where photos without a crack are surely answered so more often, by this share."""

    def within(trial: Trial) -> Iterator[Finding]:
        active, candidate = (answered(s)[~trial.cracked] for s in (trial.active, trial.candidate))
        if not len(active):
            return
        groups = trial.groups_of(~trial.cracked)
        passed = lowest_difference(candidate, active, groups) <= by
        begin = f"It {verb}" if passed else f"{otherwise}: it {verb}"
        yield Finding(
            rule,
            passed,
            f"{begin} {candidate.sum()} of {len(active)} photos without a crack, the active "
            f"version {active.sum()} ({told_difference(candidate, active, groups)}).",
        )

    return within


_false_flags = _no_more_often(
    "false alarms",
    "flags",
    by=MORE_FALSE_FLAGS,
    otherwise="It raises more false alarms",
    answered=Shown.flags,
)
_to_look_at = _no_more_often(
    "photos to look at",
    "flags or leaves undecided",
    by=MORE_TO_LOOK_AT,
    otherwise="It gives people more to look at",
    answered=Shown.finds,
)


def _calibration(trial: Trial) -> Iterator[Finding]:
    if not len(trial.cracked):
        return
    everything = np.arange(len(trial.cracked))
    active, candidate = _errors(trial, everything)
    drawn = resampled(len(everything), trial.groups, _DRAWS_OF_ECE)
    low, high = np.quantile(np.diff([_errors(trial, some) for some in drawn], axis=1), NINETY)
    passed = candidate <= active + WORSE_ECE
    begin = "Its scores" if passed else "Its scores say less about the chance of a crack: they"
    yield Finding(
        "calibration",
        passed,
        f"{begin} are off by {candidate:.3f} on average (ECE), the active version’s by "
        f"{active:.3f} (with 90 % certainty {signed(low, 3)} to {signed(high, 3)}); "
        f"{WORSE_ECE} more is allowed.",
    )


def _errors(trial: Trial, photos: npt.NDArray[np.int64]) -> list[float]:
    """Give the calibration errors of the active version and the candidate on some photos."""
    return [
        expected_calibration_error(shown.scores[photos], trial.cracked[photos])
        for shown in (trial.active, trial.candidate)
    ]


# === Drawn photos: what everyone's model has to know ===


def _drawn(trial: Trial) -> Iterator[Finding]:
    cracked = trial.drawn_cracked
    order = [auc(s.drawn, cracked) for s in (trial.active, trial.candidate)]
    found = [
        int((s.drawn[cracked] >= s.thresholds.clear_below).sum())
        for s in (trial.active, trial.candidate)
    ]
    if order[1] < 0.5:
        sentence = "It scores drawn cracks lower than drawn clear walls: its classes are swapped."
        yield Finding("drawn photos", False, sentence)
        return
    lost = max(order[0] - order[1], (found[0] - found[1]) / max(1, int(cracked.sum())))
    passed = lost <= LOST_DRAWN
    begin = "It finds" if passed else "It has forgotten cracks it knew: it finds"
    yield Finding(
        "drawn photos",
        passed,
        f"{begin} {found[1]} of {cracked.sum()} drawn cracks, the active version {found[0]}.",
    )


# === What it costs, and whether it is what was written ===


def _golden(trial: Trial) -> Iterator[Finding]:
    if trial.golden_difference is None:
        if trial.retrained:
            lost = "No answers were recorded when it was written: it may have changed since."
            yield Finding("golden answers", False, lost)
        return
    passed = trial.golden_difference <= GOLDEN_TOLERANCE
    yield Finding(
        "golden answers",
        passed,
        "Opened anew it gives the answers recorded when it was written."
        if passed
        else "Opened anew it does not give the answers recorded when it was written: they differ "
        f"by up to {trial.golden_difference:.4f}.",
    )


def _bound(
    rule: str, unit: str, limit: Callable[[Trial], float], value: Callable[[Trial], float]
) -> Rule:
    def within(trial: Trial) -> Iterator[Finding]:
        passed = value(trial) <= limit(trial)
        sentence = f"{rule.capitalize()}: {value(trial):.2f} {unit}"
        sentence += f", at most {limit(trial):.2f} {'is' if passed else 'would be'} allowed."
        yield Finding(rule, bool(passed), sentence)

    return within


_load = _bound(
    "time to load", "s", lambda _: LONGEST_LOAD_SECONDS, lambda trial: trial.candidate.load_seconds
)
_speed = _bound(
    "time for a photo",
    "s",
    lambda trial: trial.active.seconds * SLOWEST,
    lambda trial: trial.candidate.seconds,
)
_memory = _bound(
    "memory",
    "MB",
    lambda trial: trial.active.memory_mb + MORE_MEMORY_MB,
    lambda trial: trial.candidate.memory_mb,
)
