"""The evaluation page: every figure as JSON and as a page with plots and the worst mistakes."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml_training import artifacts, evaluation, measuring
from ml_training.cards import Figures, card_page
from ml_training.contracts import DatasetError, ModelFacts
from ml_training.dataset import Example, read_examples
from ml_training.inference import load_classifier
from ml_training.measuring import OnPhoto, Seen
from ml_training.photos import open_upright
from ml_training.plotting import Curve, plot, sheet

Values = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]

_MISTAKES = 24
_STYLE = "body{font:15px system-ui;margin:2rem auto;max-width:70rem}svg{margin:0 1rem 1rem 0}"


@dataclass(frozen=True)
class _Judged:
    facts: ModelFacts
    seen: Sequence[Seen]
    figures: dict[str, object]
    scores: Values


def evaluate(
    model: Path,
    *,
    data: Path,
    out: Path,
    everything: bool,
    beside: Path | None = None,
    speed: Path | None = None,
    on_photo: OnPhoto | None = None,
    say: Callable[[str], None],
) -> Path:
    """Measure a model on the photos it was not trained on; give the path of the page.

    Writes index.html, figures.json, mistakes.png and card.md into `out`. `everything` also measures
    the photos that the model's card says it was trained on. `beside` is a model to measure on the
    same photos, `speed` a file that `benchmark` wrote; both appear in card.md.
    """
    speeds = _read_speed(speed) if speed else None
    if beside:
        artifacts.read_facts(beside)
    examples = _measured(model, data, say, everything=everything)
    out.mkdir(parents=True, exist_ok=True)
    judged = _judge(model, examples, on_photo)
    other = _judge(beside, examples, on_photo) if beside else None
    (out / "figures.json").write_text(json.dumps(judged.figures, indent=2) + "\n", "utf-8")
    (out / "card.md").write_text(_card(judged, other, speeds), "utf-8")
    _draw_mistakes(judged, out / "mistakes.png")
    page = out / "index.html"
    page.write_text(_page(judged), "utf-8")
    return page


def _measured(
    model: Path, data: Path, say: Callable[[str], None], *, everything: bool
) -> Sequence[Example]:
    examples = read_examples(data)
    if everything:
        return examples
    measured = measuring.measured_examples(examples, artifacts.read_facts(model).card)
    if not measured:
        raise DatasetError(
            "All of these photos trained the model; --everything measures them anyway."
        )
    if len(measured) < len(examples):
        say(
            f"Measuring {len(measured)} of {len(examples)} photos: the model learned the sources "
            "of the others."
        )
    return measured


def _judge(model: Path, examples: Sequence[Example], on_photo: OnPhoto | None) -> _Judged:
    classifier = load_classifier(model)
    seen = measuring.look_at(classifier, examples, on_photo=on_photo)
    figures = measuring.figures(classifier.serving, seen)
    return _Judged(classifier.facts, seen, figures, measuring.scores(classifier.serving, seen))


def _read_speed(path: Path) -> Figures:
    try:
        speed = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        speed = None
    if not isinstance(speed, dict) or not {"machine", "sizes"} <= speed.keys():
        raise DatasetError(f"{path} is not what `benchmark --out` writes: measure the speed anew.")
    return speed


def _card(judged: _Judged, other: _Judged | None, speed: Figures | None) -> str:
    options = " --beside BASELINE" if other else ""
    options += " --speed BENCHMARK.json" if speed else ""
    return card_page(
        judged.facts,
        judged.figures,
        beside=(other.facts.name, other.figures) if other else None,
        speed=speed,
        command=f"python -m ml_training evaluate --data DATA --out DIR{options}",
    )


# === The page ===


def _page(judged: _Judged) -> str:
    title = html.escape(f"{judged.facts.name}: figures on photos it was not trained on")
    parts = [f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"]
    parts.append(f"<h1>{title}</h1>")
    sources = np.array([s.example.source for s in judged.seen])
    cracked = np.array([s.example.cracked for s in judged.seen])
    for source, table in judged.figures.items():
        inside = (sources == source) | (source == "overall")
        plots = _plots(judged.scores[inside], cracked[inside])
        parts.append(f"<h2>{html.escape(source)}</h2>{plots}")
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


def _draw_mistakes(judged: _Judged, out: Path) -> None:
    """Lay out the photos whose score is farthest from the truth, each with its score."""
    cracked = np.array([s.example.cracked for s in judged.seen])
    tiles = []
    for index in np.argsort(-np.abs(judged.scores - cracked))[:_MISTAKES]:
        photo = open_upright(judged.seen[index].example.path, max_side=512)
        truth = "crack" if cracked[index] else "clear"
        tiles.append((f"{truth}, score {judged.scores[index]:.2f}", photo))
    sheet(tiles).save(out)
