"""Giving a trained-on model scores and thresholds that mean what those of its base meant.

Training on moves all scores a little, and thresholds that stand still would then flag other photos
than before. Only photos count that the candidate has not learned from: reviewed ones that were kept
out, and old or drawn ones. What people answered decides, as far as there are answers; where these
are few, the candidate's scores are held to the base's scores of the same photos, and each threshold
stays where it was unless the photos show that it no longer does what it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_training import calibration
from ml_training.contracts import Thresholds
from ml_training.inference import Classifier
from ml_training.serving import Calibration, Serving

Values = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]

HELD_AS_IF_BY = 30.0
"""The base's scores weigh as much as the answers for so many photos."""
THRESHOLDS_HELD_AS_IF_BY = 10.0
"""A threshold moves half of the way when so many photos of a kind ask for it."""

_ROUNDS = 60
_RIDGE = 1.0
_NEAR = 4.0
"""Scores this far from even odds, in logits, count half when scales are compared."""


@dataclass(frozen=True)
class Unseen:
    """What both models see in photos that the candidate has not learned from.

    `logits` are the candidate's raw ones, `before` the base's calibrated ones; `answered` are the
    photos whose answer counts for the calibration.
    """

    logits: Values
    before: Values
    cracked: Answers
    answered: Answers


def look(
    candidate: Classifier, base: Classifier, photos: Iterable[tuple[Image.Image, bool, bool]]
) -> Unseen:
    """Let both models look at pictures, each with whether it is cracked and whether it counts."""
    rows = [
        (candidate.look(image).logit, base.look(image).logit, cracked, answered)
        for image, cracked, answered in photos
    ]
    ours, theirs, cracked, answered = zip(*rows, strict=True)
    return Unseen(
        logits=np.array(ours, np.float64),
        before=base.serving.photo.scale * np.array(theirs) + base.serving.photo.offset,
        cracked=np.array(cracked, np.bool_),
        answered=np.array(answered, np.bool_),
    )


def recalibrate(serving: Serving, thresholds: Thresholds, seen: Unseen) -> Serving:
    """Fit scale, offset and both thresholds of a candidate; `thresholds` are those of its base."""
    photo = fit(seen, serving.photo)
    scores = calibration.apply(photo, seen.logits)
    return replace(
        serving,
        photo=photo,
        cell=_shifted(serving.cell, serving.photo, photo),
        thresholds=carried_over(thresholds, seen, scores),
    )


def _shifted(cell: Calibration, before: Calibration, photo: Calibration) -> Calibration:
    """Move the calibration of cells along with that of photos, whose logits are means of cells."""
    scale = photo.scale / before.scale
    return Calibration(
        scale=cell.scale * scale, offset=cell.offset + photo.offset - scale * before.offset
    )


def fit(seen: Unseen, base: Calibration) -> Calibration:
    """Fit the answers by maximum likelihood, held to the base's scores of the same photos.

    The pull towards the base's scores is that of `HELD_AS_IF_BY` answered photos.
    """
    near = 1 / (1 + (seen.before / _NEAR) ** 2)
    held = HELD_AS_IF_BY / 4 * near / near.sum()  # at even odds an answer bends the fit by 1/4
    weights = _weights(seen)
    features = np.stack([seen.logits, np.ones_like(seen.logits)], axis=1)
    targets = np.where(seen.cracked, *_smoothed(seen))
    start = np.array([base.scale, base.offset])
    ridge = _RIDGE * np.diag([1.0, 0.0])
    parameters = start.copy()
    for _ in range(_ROUNDS):
        line = features @ parameters
        guess = calibration.sigmoid(line)
        pull = held / (1 + np.abs(line - seen.before))  # a base that is far off pulls no harder
        slope = features.T @ (weights * (guess - targets) + pull * (line - seen.before))
        curve = (features * (weights * guess * (1 - guess) + pull)[:, None]).T @ features + ridge
        step = np.linalg.solve(curve, slope + ridge @ (parameters - start))
        parameters = parameters - step * min(1.0, 2.0 / max(1e-9, float(np.abs(step).max())))
    return Calibration(scale=float(max(parameters[0], 1e-3)), offset=float(parameters[1]))


def _weights(seen: Unseen) -> Values:
    """Weigh answered photos so that cracked and clear count alike and all of them their number."""
    weights = np.zeros(len(seen.cracked))
    kinds = [seen.answered & (seen.cracked == kind) for kind in (True, False)]
    if all(kind.any() for kind in kinds):
        for kind in kinds:
            weights[kind] = seen.answered.sum() / 2 / kind.sum()
    return weights


def _smoothed(seen: Unseen) -> tuple[float, float]:
    """Give Platt's targets (1999), which keep separable photos from driving the scale up."""
    cracked = int((seen.answered & seen.cracked).sum())
    clear = int(seen.answered.sum()) - cracked
    return (cracked + 1) / (cracked + 2), 1 / (clear + 2)


# === Thresholds ===


def carried_over(thresholds: Thresholds, seen: Unseen, scores: Values) -> Thresholds:
    """Give the candidate's thresholds: of the answered photos as many cracked ones lie above each
    as did for the base, and, where that is possible, no more clear ones.
    """
    ours = scores[seen.answered]
    theirs = calibration.sigmoid(seen.before[seen.answered])
    cracked = seen.cracked[seen.answered]
    clear_below = _moved(thresholds.clear_below, theirs, ours, cracked)
    flagged_from = _moved(thresholds.flagged_from, theirs, ours, cracked)
    return Thresholds(min(clear_below, flagged_from), flagged_from)


def _moved(threshold: float, theirs: Values, ours: Values, cracked: Answers) -> float:
    """Move one threshold as little as needed, and less where few photos ask for it."""
    highest = _nth_largest(ours[cracked], int((theirs[cracked] >= threshold).sum()))
    lowest = _nth_largest(ours[~cracked], int((theirs[~cracked] >= threshold).sum()) + 1)
    wished, asking = threshold, 0
    if lowest is not None and threshold <= lowest:
        wished, asking = min(lowest + 1e-6, 1.0), int((~cracked).sum())
    if highest is not None and wished > highest:  # cracks come first
        wished, asking = highest, int(cracked.sum())
    share = asking / (asking + THRESHOLDS_HELD_AS_IF_BY)
    ends = [_odds(threshold), _odds(wished)]
    return float(calibration.sigmoid(np.array(ends[0] + share * (ends[1] - ends[0]))))


def _nth_largest(values: Values, number: int) -> float | None:
    """Give the so-manieth largest value, None where there are not so many or none is asked for."""
    return float(np.sort(values)[-number]) if 0 < number <= len(values) else None


def _odds(probability: float) -> float:
    clipped = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(clipped / (1 - clipped)))
