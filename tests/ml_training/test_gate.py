"""R20: a candidate as good as the active model passes; each planted violation is refused."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ml_training.contracts import Thresholds
from ml_training.gate import Shown, Trial, judge

CRACKED = np.arange(200) < 100
DRAWN = np.arange(24) % 2 == 0
RNG = np.random.default_rng(1)
SCORES = np.where(CRACKED, RNG.uniform(0.6, 1, 200), RNG.uniform(0, 0.4, 200))
GOOD = Shown(
    thresholds=Thresholds(0.3, 0.7),
    scores=SCORES,
    drawn=np.where(DRAWN, 0.9, 0.1),
    seconds=0.3,
    load_seconds=1.0,
    memory_mb=150.0,
)
TRIAL = Trial(
    cracked=CRACKED,
    kinds=["bridge"] * 200,
    drawn_cracked=DRAWN,
    active=GOOD,
    candidate=GOOD,
    golden_difference=0.0,
)


def with_scores(**at: float) -> Shown:
    """Change the scores of so many photos: of the cracked ones first, or of the clear ones."""
    scores = SCORES.copy()
    for place, score in at.items():
        kind, count = place.split("_")
        start = 0 if kind == "cracked" else 100
        scores[start : start + int(count)] = score
    return replace(GOOD, scores=scores)


VIOLATIONS = {
    "recall": with_scores(cracked_4=0.1),
    "false alarms": with_scores(clear_20=0.9),
    "photos to look at": with_scores(clear_20=0.5),
    "cracks flagged": with_scores(cracked_7=0.5),
    "calibration": replace(GOOD, scores=np.where(CRACKED, 0.71, 0.29)),
    "numbers": with_scores(cracked_1=float("nan")),
    "drawn photos": replace(GOOD, drawn=1 - GOOD.drawn),
    "time to load": replace(GOOD, load_seconds=10.5),
    "time for a photo": replace(GOOD, seconds=0.46),
    "memory": replace(GOOD, memory_mb=351.0),
}


def refused(trial: Trial) -> list[str]:
    return [finding.rule for finding in judge(trial) if not finding.passed]


def test_an_equal_candidate_passes_and_every_condition_is_told() -> None:
    findings = judge(TRIAL)
    assert refused(TRIAL) == []
    assert len({finding.rule for finding in findings}) == len(findings) == 11
    assert "It finds 100 of 100 cracked photos" in findings[0].sentence


def test_a_difference_is_told_with_its_interval() -> None:
    candidate = with_scores(cracked_10=0.1)
    (finding,) = [f for f in judge(replace(TRIAL, candidate=candidate)) if f.rule == "recall"]
    assert "(−10 points, with 90 % certainty −15 to −5)" in finding.sentence


def told(trial: Trial, rule: str) -> str:
    return next(finding.sentence for finding in judge(trial) if finding.rule == rule)


def test_few_photos_that_agree_are_told_to_say_little() -> None:
    """1 − 0.05^(1/100) = 3.0 %, and 1 − 0.05^(1/20) = 14 %."""
    assert "with 95 % certainty at most 3 of 100 others would differ" in told(TRIAL, "recall")
    kinds = ["tunnel" if n < 20 else "" for n in range(200)]
    of_tunnels = told(replace(TRIAL, kinds=kinds), "recall by kind")
    assert "at most 14 of 100 others would differ" in of_tunnels


def test_the_calibration_is_told_with_its_interval() -> None:
    same = told(TRIAL, "calibration")
    assert "(with 90 % certainty +0.000 to +0.000)" in same
    worse = told(replace(TRIAL, candidate=VIOLATIONS["calibration"]), "calibration")
    low, high = (float(word) for word in re.findall(r"[+−][0-9.]+", worse))
    off, before = (float(word) for word in re.findall(r" by (0\.[0-9]+)", worse))
    assert 0 < low < off - before < high


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_a_planted_violation_is_refused_with_its_sentence(rule: str) -> None:
    """R20, and R26 by the drawn photos."""
    trial = replace(TRIAL, candidate=VIOLATIONS[rule])
    assert refused(trial)[0] == rule
    assert all(finding.sentence.endswith(".") for finding in judge(trial))


def test_a_candidate_that_calls_nothing_clear_is_refused() -> None:
    """It has the active version's scores, finds every crack and flags nothing more."""
    doubtful = replace(GOOD, thresholds=Thresholds(0.0, 0.7))
    trial = replace(TRIAL, candidate=doubtful)
    assert refused(trial) == ["photos to look at"]
    sentence = "more to look at: it flags or leaves undecided 100 of 100 photos without a crack"
    assert sentence in told(trial, "photos to look at")
    assert refused(replace(TRIAL, active=doubtful)) == []


def test_answers_that_differ_from_the_recorded_ones_are_refused() -> None:
    assert refused(replace(TRIAL, golden_difference=2e-4)) == ["golden answers"]
    assert refused(replace(TRIAL, golden_difference=5e-5)) == []


def test_recorded_answers_may_be_missing_only_where_none_were_recorded_then() -> None:
    assert refused(replace(TRIAL, golden_difference=None)) == []
    lost = replace(TRIAL, golden_difference=None, retrained=True)
    assert refused(lost) == ["golden answers"]
    assert "No answers were recorded" in told(lost, "golden answers")


def test_a_candidate_that_gains_more_than_it_loses_passes() -> None:
    active = with_scores(cracked_20=0.1)
    candidate = replace(GOOD, scores=np.where(np.arange(200) == 50, 0.1, SCORES))
    assert refused(replace(TRIAL, active=active, candidate=candidate)) == []


def test_ten_photos_that_agree_are_enough_and_nine_are_not() -> None:
    def of(count: int) -> Trial:
        chosen = np.r_[0:count, 100 : 100 + count]
        shown = replace(GOOD, scores=SCORES[chosen])
        return replace(
            TRIAL,
            cracked=CRACKED[chosen],
            kinds=["dam"] * len(chosen),
            active=shown,
            candidate=shown,
        )

    assert refused(of(10)) == []
    assert refused(of(9)) == ["photos"]


def test_a_kind_of_structure_that_suffers_is_named() -> None:
    kinds = ["tunnel" if n < 20 else "bridge" for n in range(200)]
    candidate = with_scores(cracked_2=0.1)
    active = replace(
        GOOD, scores=np.where((np.arange(200) >= 20) & (np.arange(200) < 60), 0.1, SCORES)
    )
    trial = replace(TRIAL, kinds=kinds, active=active, candidate=candidate)
    (finding,) = [finding for finding in judge(trial) if not finding.passed]
    assert "of the kind “tunnel” it finds 18 of 20 cracked photos" in finding.sentence


@pytest.mark.parametrize(("structures", "passes"), [(10, False), (4, True), (0, True)])
def test_losses_that_lie_in_one_structure_are_not_diluted_by_the_photos_of_others(
    structures: int, passes: bool
) -> None:
    """It finds 10 cracks more in one structure and loses 4 in another: by photo it surely loses
    less than a point, by structure it does not. Fewer than five structures are not drawn.
    """
    active, candidate = (np.full(200, 0.1) for _ in range(2))
    active[:100], candidate[:100] = 0.9, 0.9
    active[:10], candidate[10:14] = 0.1, 0.1
    groups = [str(number % 100 // 10) for number in range(200)]
    if structures < 10:
        groups = [str(number % structures) for number in range(200)] if structures else []
    sides = [replace(GOOD, scores=scores) for scores in (active, candidate)]
    trial = replace(TRIAL, active=sides[0], candidate=sides[1], groups=groups)
    (recall,) = (found for found in judge(trial) if found.rule == "recall")
    assert recall.passed is passes
    assert ("drawn by structure" in recall.sentence) is (structures == 10)
