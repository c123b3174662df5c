"""Which photos to review next, so that the model learns most from few answers.

Greedy: each choice is the photo whose answer is least certain and that is least like those chosen
and those known already. Uncertainty alone would ask about one kind of place again and again;
difference alone would ask about oddities on which the model is sure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml_training.embedding import Floats, read

MOST_CHOSEN = 500


def choose(
    embeddings: Sequence[bytes],
    uncertainty: Sequence[float],
    *,
    known: Sequence[bytes] = (),
    count: int = MOST_CHOSEN,
) -> list[int]:
    """Give the numbers of the photos to review, the most instructive first.

    `uncertainty` is 1 midway between the thresholds and 0 where the model is sure; `known` are
    photos reviewed before.
    """
    if not embeddings:
        return []
    rows = read([*embeddings, *known])
    rows = rows - rows.mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    candidates, seen = rows[: len(embeddings)], rows[len(embeddings) :]
    wanted = np.asarray(uncertainty, np.float32) + 1e-3
    distance = _distance(candidates, seen) if len(seen) else np.ones(len(candidates), np.float32)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        best = int(np.argmax(wanted * distance))
        chosen.append(best)
        distance = np.minimum(distance, _distance(candidates, candidates[best : best + 1]))
        wanted[best] = -1.0
    return chosen


def _distance(rows: Floats, others: Floats) -> Floats:
    """Give each row's smallest cosine distance to the others, 0–2, never quite 0."""
    nearest: Floats = (1.001 - (rows @ others.T).max(axis=1)).astype(np.float32)
    return nearest
