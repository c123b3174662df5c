"""The evaluation page: every figure as JSON and as a page with plots and the worst mistakes."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml_training import evaluation, measuring
from ml_training.contracts import DatasetError
from ml_training.dataset import read_examples
from ml_training.inference import load_classifier
from ml_training.measuring import OnPhoto, Seen
from ml_training.photos import open_upright
from ml_training.plotting import Curve, plot, sheet

Values = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]

_MISTAKES = 24
_STYLE = "body{font:15px system-ui;margin:2rem auto;max-width:70rem}svg{margin:0 1rem 1rem 0}"


def evaluate(
    model: Path, *, data: Path, out: Path, everything: bool, on_photo: OnPhoto | None = None
) -> Path:
    """Measure a model on the photos it was not trained on; give the path of the page.

    Writes index.html, figures.json and mistakes.png into `out`. `everything` also measures the
    photos that the model's card says it was trained on.
    """
    classifier = load_classifier(model)
    examples = list(read_examples(data))
    if not everything:
        examples = measuring.measured_examples(examples, classifier.facts.card)
    if not examples:
        raise DatasetError(
            "All of these photos trained the model; --everything measures them anyway."
        )
    seen = measuring.look_at(classifier, examples, on_photo=on_photo)
    figures = measuring.figures(classifier.serving, seen)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    scores = measuring.scores(classifier.serving, seen)
    _draw_mistakes(seen, scores, out / "mistakes.png")
    page = out / "index.html"
    page.write_text(_page(classifier.facts.name, figures, seen, scores), encoding="utf-8")
    return page


# === The page ===


def _page(name: str, figures: dict[str, object], seen: Sequence[Seen], scores: Values) -> str:
    title = html.escape(f"{name}: figures on photos it was not trained on")
    parts = [f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"]
    parts.append(f"<h1>{title}</h1>")
    for source, table in figures.items():
        inside = np.array([s.example.source == source for s in seen])
        cracked = np.array([s.example.cracked for s in seen])[inside]
        parts.append(f"<h2>{html.escape(source)}</h2>{_plots(scores[inside], cracked)}")
        parts.append(f"<details><summary>Figures</summary><pre>{_pretty(table)}</pre></details>")
    parts.append('<h2>Worst mistakes</h2><img src="mistakes.png" alt="The worst mistakes">')
    return "\n".join(parts)


def _pretty(table: object) -> str:
    return html.escape(json.dumps(table, indent=1))


def _plots(scores: Values, cracked: Answers) -> str:
    if cracked.all() or not cracked.any():
        return "<p>Photos of one kind only: no curves.</p>"
    rows = evaluation.reliability(scores, cracked)
    return "".join(
        (
            plot("False flags → cracks found", {"": _roc(scores, cracked)}),
            plot("Cracks found → precision", {"": _precision_recall(scores, cracked)}),
            plot("Score → share cracked", {"": [(row.score, row.cracked) for row in rows]}),
        )
    )


def _roc(scores: Values, cracked: Answers) -> Curve:
    order = np.argsort(-scores)
    found = np.cumsum(cracked[order]) / cracked.sum()
    false = np.cumsum(~cracked[order]) / (~cracked).sum()
    return _thinned(false, found)


def _precision_recall(scores: Values, cracked: Answers) -> Curve:
    order = np.argsort(-scores)
    hits = np.cumsum(cracked[order])
    return _thinned(hits / cracked.sum(), hits / np.arange(1, len(hits) + 1))


def _thinned(x: Values, y: Values) -> Curve:
    keep = np.unique(np.linspace(0, len(x) - 1, 200).astype(int))
    return [(float(x[i]), float(y[i])) for i in keep]


# === Mistakes ===


def _draw_mistakes(seen: Sequence[Seen], scores: Values, out: Path) -> None:
    """Lay out the photos whose score is farthest from the truth, each with its score."""
    cracked = np.array([s.example.cracked for s in seen])
    worst = np.argsort(-np.abs(scores - cracked))[:_MISTAKES]
    tiles = []
    for index in worst:
        photo = open_upright(seen[index].example.path, max_side=512)
        truth = "crack" if cracked[index] else "clear"
        tiles.append((f"{truth}, score {scores[index]:.2f}", photo))
    sheet(tiles).save(out)
