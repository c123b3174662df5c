"""Figures for a model: ranking, recall at a fixed false-flag rate, calibration, localisation.

Every function takes plain arrays: scores 0–1 and the answers. Intervals are 95 % bootstrap
intervals over photos.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from ml_training.contracts import Thresholds

Values = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]
Figure = Callable[[Values, Answers], float]

BINS = 10


def auc(scores: Values, cracked: Answers) -> float:
    """Chance that a cracked photo scores above a clear one (ties count half); NaN without both
    kinds.
    """
    positives, negatives = int(cracked.sum()), int((~cracked).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[cracked].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def recall_at_false_flags(scores: Values, cracked: Answers, false_flags: float) -> float:
    """Share of the cracked photos above the score that `false_flags` of the clear ones reach."""
    if not cracked.any() or cracked.all():
        return float("nan")
    clear = np.sort(scores[~cracked])[::-1]
    allowed = int(false_flags * len(clear))
    limit = clear[allowed] if allowed < len(clear) else -np.inf
    return float((scores[cracked] > limit).mean())


def expected_calibration_error(scores: Values, cracked: Answers) -> float:
    """Mean distance of score and share of cracked photos over ten bins of equal width."""
    return sum(row.share * abs(row.score - row.cracked) for row in reliability(scores, cracked))


@dataclass(frozen=True)
class ReliabilityRow:
    """One bin: its share of the photos, their mean score, the share of them that are cracked."""

    share: float
    score: float
    cracked: float


def reliability(scores: Values, cracked: Answers) -> tuple[ReliabilityRow, ...]:
    """Compare scores with what came true, in ten bins of equal width; empty bins are left out."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    return tuple(
        ReliabilityRow(
            float(inside.mean()), float(scores[inside].mean()), float(cracked[inside].mean())
        )
        for inside in (bins == b for b in range(BINS))
        if inside.any()
    )


def interval(
    figure: Figure, scores: Values, cracked: Answers, *, draws: int = 200
) -> tuple[float, float]:
    """Give a figure's 95 % bootstrap interval, cracked and clear photos drawn apart."""
    rng = np.random.default_rng(0)
    kinds = [np.flatnonzero(cracked), np.flatnonzero(~cracked)]
    found = []
    for _ in range(draws):
        chosen = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds if len(kind)])
        found.append(figure(scores[chosen], cracked[chosen]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def photo_figures(scores: Values, cracked: Answers, thresholds: Thresholds) -> dict[str, object]:
    """Give all photo-level figures of one set of photos; what needs both kinds is left out
    otherwise.
    """
    figures: dict[str, object] = {"photos": len(scores), "cracked": int(cracked.sum())}
    figures["confusion"] = confusion(scores, cracked, thresholds)
    figures["accuracy"] = float(((scores >= 0.5) == cracked).mean())
    figures["at_flagged"] = precision_and_recall(scores >= thresholds.flagged_from, cracked)
    figures["at_undecided"] = precision_and_recall(scores >= thresholds.clear_below, cracked)
    if cracked.any() and not cracked.all():
        figures["auc"] = _with_interval(auc, scores, cracked)
        for share in (0.05, 0.10):
            figures[f"recall_at_{round(share * 100)}_percent_false_flags"] = _with_interval(
                partial(recall_at_false_flags, false_flags=share), scores, cracked
            )
        figures["ece"] = _with_interval(expected_calibration_error, scores, cracked)
        figures["reliability"] = [
            {"share": r.share, "mean_score": r.score, "cracked": r.cracked}
            for r in reliability(scores, cracked)
        ]
    return figures


def _with_interval(figure: Figure, scores: Values, cracked: Answers) -> dict[str, float]:
    low, high = interval(figure, scores, cracked)
    return {"value": figure(scores, cracked), "low": low, "high": high}


def confusion(
    scores: Values, cracked: Answers, thresholds: Thresholds
) -> dict[str, dict[str, int]]:
    """Count verdicts by the true answer."""
    flagged, clear = scores >= thresholds.flagged_from, scores < thresholds.clear_below
    verdicts = {"flagged": flagged, "undecided": ~flagged & ~clear, "clear": clear & ~flagged}
    return {
        name: {verdict: int((kind & said).sum()) for verdict, said in verdicts.items()}
        for name, kind in (("cracked", cracked), ("clear", ~cracked))
    }


def precision_and_recall(said: Answers, cracked: Answers) -> dict[str, float]:
    """Give the share of the photos pointed out that are cracked, and of the cracked ones pointed
    out; a share of nothing is left out.
    """
    hits = float((said & cracked).sum())
    shares = {"precision": float(said.sum()), "recall": float(cracked.sum())}
    return {name: hits / count for name, count in shares.items() if count}


# === Localisation ===


@dataclass(frozen=True)
class Located:
    """Where the map and the mask of one cracked photo agree.

    `pointed`: the strongest cell lies within one cell of the crack. `probabilities` and `cracked`
    are the cells, flattened; cells beside a cracked one are left out, nobody knows them.
    """

    pointed: bool
    probabilities: Values
    cracked: Answers


def locate(cells: npt.NDArray[np.floating], mask: npt.NDArray[np.uint8]) -> Located:
    """Compare a map (rows, columns) with a mask of any size (0 or 255)."""
    truth = mask_to_cells(mask, (cells.shape[0], cells.shape[1]))
    near = grown(truth)
    strongest = np.unravel_index(int(np.argmax(cells)), cells.shape)
    known = truth | ~near
    return Located(bool(near[strongest]), cells[known].astype(np.float64), truth[known])


def mask_to_cells(mask: npt.NDArray[np.uint8], shape: tuple[int, int]) -> Answers:
    """Tell for each cell whether any pixel of the mask lies in it."""
    cells = np.zeros(shape, np.bool_)
    ys, xs = np.nonzero(mask)
    cells[ys * shape[0] // mask.shape[0], xs * shape[1] // mask.shape[1]] = True
    return cells


def grown(cells: Answers) -> Answers:
    """Add the eight neighbours of every cell."""
    padded = np.pad(cells, 1)
    rows, columns = cells.shape
    near = np.zeros_like(cells)
    for dy in range(3):
        for dx in range(3):
            near |= padded[dy : dy + rows, dx : dx + columns]
    return near


def localisation_figures(located: list[Located]) -> dict[str, float]:
    """Give pointing accuracy and the share of cracked cells found at 5 and 10 % false cells."""
    probabilities = np.concatenate([one.probabilities for one in located])
    cracked = np.concatenate([one.cracked for one in located])
    figures = {
        "photos": len(located),
        "strongest_cell_on_crack": float(np.mean([one.pointed for one in located])),
        "crack_cells_found_at_5_percent_false_cells": recall_at_false_flags(
            probabilities, cracked, 0.05
        ),
        "crack_cells_found_at_10_percent_false_cells": recall_at_false_flags(
            probabilities, cracked, 0.10
        ),
        "cell_auc": auc(probabilities, cracked),
    }
    return {name: figure for name, figure in figures.items() if not np.isnan(figure)}
