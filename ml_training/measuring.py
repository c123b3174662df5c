"""Scoring labelled photos with a model, and what follows from the scores: calibration and
figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_training import calibration, evaluation
from ml_training.contracts import DatasetError, PhotoError
from ml_training.dataset import Example, group_draw, read_mask
from ml_training.inference import Classifier, Sight
from ml_training.photos import open_upright
from ml_training.serving import Serving

Values = npt.NDArray[np.float64]
OnPhoto = Callable[[int, int], None]

_CELLS_A_PHOTO = 400


@dataclass(frozen=True)
class Seen:
    """A labelled photo and what the network saw in it, before calibration."""

    example: Example
    sight: Sight


def look_at(
    classifier: Classifier,
    examples: Sequence[Example],
    *,
    on_photo: OnPhoto | None = None,
) -> list[Seen]:
    """Run a model over labelled photos. Raises DatasetError naming a photo that cannot be
    decoded.
    """
    seen: list[Seen] = []
    for example in examples:
        try:
            image = open_upright(example.path, max_side=max(classifier.serving.sides))
        except PhotoError as error:
            raise DatasetError(f"{example.path} cannot be measured: {error}") from error
        seen.append(Seen(example, classifier.look(image)))
        if on_photo is not None:
            on_photo(len(seen), len(examples))
    return seen


def measured_examples(examples: Sequence[Example], card: Mapping[str, object]) -> list[Example]:
    """Leave out what the model was trained on, by the split its card names.

    Photos of the role `dev`, held-out groups and sources, and sources the card does not know stay
    in.
    """
    split = card.get("split")
    rule = split if isinstance(split, dict) else {}
    trained = set(rule.get("trained_sources", ()))
    share, seed = float(rule.get("held_out_share", 0)), int(rule.get("seed", 0))
    return [
        e
        for e in examples
        if e.role == "dev" or e.source not in trained or group_draw(e.group, seed) < share
    ]


# === Calibration ===


def calibrate(serving: Serving, seen: Sequence[Seen], shares: Mapping[str, float]) -> Serving:
    """Fit both calibrations and the thresholds; `shares` weighs sources, a source left out counts
    0.

    An empty `shares` weighs all sources alike.
    """
    used = [s for s in seen if not shares or shares.get(s.example.source, 0) > 0]
    cracked = _cracked(used)
    if cracked.all() or not cracked.any():
        raise DatasetError(
            "Calibration needs photos of both kinds among those that are only measured."
        )
    kinds = [(s.example.source, s.example.cracked) for s in used]
    weights = calibration.balanced_weights(kinds, dict(shares))
    logits = _logits(used)
    photo = calibration.fit_platt(logits, cracked, weights)
    scores = calibration.apply(photo, logits)
    return replace(
        serving,
        photo=photo,
        cell=calibration.fit_platt(*_cells(used)) if any(s.example.mask for s in used) else photo,
        thresholds=calibration.choose_thresholds(scores, cracked, weights),
    )


def _cells(seen: Sequence[Seen]) -> tuple[Values, npt.NDArray[np.bool_], Values]:
    """Draw cells whose answer is known: of photos with a mask and of clear photos."""
    rng = np.random.default_rng(0)
    logits: list[Values] = []
    answers: list[npt.NDArray[np.bool_]] = []
    for one in seen:
        if one.example.cracked and one.example.mask is None:
            continue
        located = evaluation.locate(one.sight.fused, _mask(one))
        chosen = rng.permutation(len(located.cracked))[:_CELLS_A_PHOTO]
        logits.append(located.probabilities[chosen])
        answers.append(located.cracked[chosen])
    cracked = np.concatenate(answers)
    return np.concatenate(logits), cracked, np.ones(len(cracked))


def _mask(one: Seen) -> npt.NDArray[np.uint8]:
    if one.example.mask is None:
        return np.zeros((1, 1), np.uint8)
    return np.asarray(read_mask(one.example.mask))


def _logits(seen: Sequence[Seen]) -> Values:
    return np.array([s.sight.logit for s in seen], dtype=np.float64)


def _cracked(seen: Sequence[Seen]) -> npt.NDArray[np.bool_]:
    return np.array([s.example.cracked for s in seen], dtype=np.bool_)


# === Figures ===


def figures(serving: Serving, seen: Sequence[Seen]) -> dict[str, object]:
    """Give the photo-level figures per source and overall, and localisation where there are
    masks.
    """
    sources = sorted({s.example.source for s in seen})
    piles = {source: [s for s in seen if s.example.source == source] for source in sources}
    if len(piles) > 1:
        piles["overall"] = list(seen)
    return {name: _figures(serving, pile) for name, pile in piles.items()}


def _figures(serving: Serving, seen: Sequence[Seen]) -> dict[str, object]:
    found = evaluation.photo_figures(scores(serving, seen), _cracked(seen), serving.thresholds)
    masked = [s for s in seen if s.example.cracked and s.example.mask is not None]
    if masked:
        found["localisation"] = evaluation.localisation_figures(
            [evaluation.locate(s.sight.fused, _mask(s)) for s in masked]
        )
    return found


def scores(serving: Serving, seen: Sequence[Seen]) -> Values:
    """Give the calibrated scores."""
    return calibration.apply(serving.photo, _logits(seen))
