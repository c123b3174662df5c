"""Whether a candidate may take over: conditions on what it and the active model said of the same
photos. Missed cracks come first, false alarms second, calibration third.

A cracked photo is found when it is not called clear: flagged and undecided photos are both looked
at by a person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_training.contracts import FEWEST_MEASURED, Finding, Thresholds
from ml_training.evaluation import Answers, Values, auc, expected_calibration_error

LOST_RECALL = 0.01
"""So much of the recall may be lost, with a one-sided certainty of 95 %."""
LOST_RECALL_OF_A_KIND = 0.05
FEWEST_CRACKED_OF_A_KIND = 20
MORE_FALSE_FLAGS = 0.05
"""A candidate that surely flags more clear photos by this share is refused."""
WORSE_ECE = 0.02
LOST_DRAWN = 0.1
GOLDEN_TOLERANCE = 1e-4
LONGEST_LOAD_SECONDS = 10.0
SLOWEST = 1.5
MORE_MEMORY_MB = 200.0

_DRAWS, _DRAWS_OF_ECE = 2000, 400
_NINETY = (0.05, 0.95)


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
    written; None where none were recorded.
    """

    cracked: Answers
    kinds: Sequence[str]
    drawn_cracked: Answers
    active: Shown
    candidate: Shown
    golden_difference: float | None = None


def judge(trial: Trial) -> tuple[Finding, ...]:
    """Give every condition, the gravest first; a candidate that answers no numbers has only one."""
    answers = (trial.candidate.scores, trial.candidate.drawn)
    if not all(np.isfinite(scores).all() for scores in answers):
        return (Finding("numbers", False, "Some of its answers are no numbers (NaN)."),)
    rules = (_enough, _recall, _recall_of_kinds, _flags, _false_flags, _calibration, _drawn)
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
    surely = lowest_difference(candidate, active)
    found = f"it finds {candidate.sum()} of {len(active)} cracked photos, the active version "
    found += f"{active.sum()} ({_difference(candidate, active)})"
    if surely >= -LOST_RECALL:
        yield Finding("recall", True, f"{found[0].upper()}{found[1:]}.")
    else:
        yield Finding(
            "recall",
            False,
            f"It may miss more cracks: {found}. With 95 % certainty the loss stays under "
            f"{-100 * surely:.0f} points only; {100 * LOST_RECALL:.0f} is allowed.",
        )


def lowest_difference(candidate: Answers, active: Answers) -> float:
    """Give the lower end, one-sided at 95 %, of the difference of two shares."""
    return float(np.quantile(_drawn_differences(candidate, active), 0.05))


def _drawn_differences(candidate: Answers, active: Answers) -> Values:
    """Bootstrap over photos, both models' answers to a photo drawn together."""
    difference = candidate.astype(np.float64) - active
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(difference), (_DRAWS, len(difference)))
    means: Values = difference[drawn].mean(axis=1)
    return means


def _difference(candidate: Answers, active: Answers) -> str:
    """Say how two shares differ, with the interval whose lower end the gate judges by.

    Drawing again from photos of which none is answered differently gives an interval without width;
    what so few can rule out is told in its place: with *n* of *n* alike a share of
    1 − 0.05^(1/n) or less may differ (exact binomial bound, one-sided at 95 %).
    """
    if (candidate == active).all():
        most = math.ceil(100 * (1 - 0.05 ** (1 / len(active))))
        return f"the same ones; with 95 % certainty at most {most} of 100 others would differ"
    low, high = np.quantile(_drawn_differences(candidate, active), _NINETY)
    points = (candidate.mean() - active.mean(), low, high)
    mean, lowest, highest = (_signed(100 * value, 0) for value in points)
    return f"{mean} points, with 90 % certainty {lowest} to {highest}"


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def _recall_of_kinds(trial: Trial) -> Iterator[Finding]:
    kinds = np.array(trial.kinds)
    for kind in sorted(set(trial.kinds) - {""}):
        of_kind = trial.cracked & (kinds == kind)
        if of_kind.sum() < FEWEST_CRACKED_OF_A_KIND:
            continue
        active, candidate = (s.finds()[of_kind] for s in (trial.active, trial.candidate))
        found = f"of the kind “{kind}” it finds {candidate.sum()} of {len(active)} cracked photos, "
        found += f"the active version {active.sum()} ({_difference(candidate, active)})"
        passed = bool(candidate.mean() >= active.mean() - LOST_RECALL_OF_A_KIND)
        begin = "Of" if passed else "It misses more cracks: of"
        yield Finding("recall by kind", passed, f"{begin}{found[2:]}.")


def _flags(trial: Trial) -> Iterator[Finding]:
    """Refuse where cracks surely move from flagged to undecided: found, but later looked at."""
    active, candidate = (s.flags()[trial.cracked] for s in (trial.active, trial.candidate))
    if not len(active):
        return
    passed = lowest_difference(active, candidate) <= 0
    begin = "It flags" if passed else "It leaves more cracks undecided: it flags"
    yield Finding(
        "cracks flagged",
        passed,
        f"{begin} {candidate.sum()} of {len(active)} cracked photos, the active version "
        f"{active.sum()} ({_difference(candidate, active)}).",
    )


# === False alarms and calibration ===


def _false_flags(trial: Trial) -> Iterator[Finding]:
    active, candidate = (s.flags()[~trial.cracked] for s in (trial.active, trial.candidate))
    if not len(active):
        return
    passed = lowest_difference(candidate, active) <= MORE_FALSE_FLAGS
    begin = "It flags" if passed else "It raises more false alarms: it flags"
    yield Finding(
        "false alarms",
        passed,
        f"{begin} {candidate.sum()} of {len(active)} photos without a crack, the active version "
        f"{active.sum()} ({_difference(candidate, active)}).",
    )


def _calibration(trial: Trial) -> Iterator[Finding]:
    if not len(trial.cracked):
        return
    everything = np.arange(len(trial.cracked))
    active, candidate = _errors(trial, everything)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(everything), (_DRAWS_OF_ECE, len(everything)))
    low, high = np.quantile(np.diff([_errors(trial, some) for some in drawn], axis=1), _NINETY)
    passed = candidate <= active + WORSE_ECE
    begin = "Its scores" if passed else "Its scores say less about the chance of a crack: they"
    yield Finding(
        "calibration",
        passed,
        f"{begin} are off by {candidate:.3f} on average (ECE), the active version’s by "
        f"{active:.3f} (with 90 % certainty {_signed(low, 3)} to {_signed(high, 3)}); "
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
) -> Callable[[Trial], Iterator[Finding]]:
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
