"""The model card as a Markdown page: what the model is, how good, beside another one, how fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml_training.contracts import ModelFacts

Figures = Mapping[str, Any]
Row = Sequence[str]

_NONE = "–"


def card_page(
    facts: ModelFacts,
    figures: Figures,
    *,
    beside: tuple[str, Figures] | None = None,
    speed: Figures | None = None,
    command: str,
) -> str:
    """Give the page. `beside` is another model's name and its figures from the same run; `speed` is
    what `benchmark` wrote; `command` is how to get the page again.
    """
    models = [(facts.name, figures), *([beside] if beside else [])]
    parts = [
        f"# Model card: {facts.name}\n\n{_origin(facts)}",
        f"## Photos it never learned from\n\n{_photo_table(models)}\n\n{_EXPLAINED}",
        f"## At the two thresholds\n\n{_threshold_table(facts, figures)}",
        f"## Where the crack is\n\n{_place_table(models)}",
    ]
    if speed:
        parts.append(f"## Speed and memory\n\n{_speed_table(speed)}")
    parts += [
        f"## What it learned from\n\n{_data_table(facts.card)}",
        f"## Limits\n\n{_bullets(facts.card.get('limits', ()))}",
        f"## Whose work is in it\n\n{_bullets(facts.card.get('attribution', ()))}",
        f"## The command\n\n```sh\n{command}\n```\n",
    ]
    return "\n\n".join(parts)


_EXPLAINED = """AUC: chance that a cracked photo scores above a clear one, with its 95 % bootstrap
interval. Recall: share of the cracked photos above the score that so many of the clear ones reach.
ECE: mean distance between score and truth over ten bins. Sources without clear photos have none of
these."""


def _origin(facts: ModelFacts) -> str:
    card: Any = facts.card
    peak, alike = card.get("peak_memory_mb"), card.get("near_duplicates")
    memory = f"at most {peak} MB in memory" if peak else "memory not measured"
    versions = ", ".join(f"{name} {number}" for name, number in card.get("versions", {}).items())
    anew = f"Weights of {card['weights_of']}, calibrated anew. " if "weights_of" in card else ""
    return (
        f"{anew}Made {card.get('made', '')[:10]} by the run `{facts.name}` in "
        f"{card.get('seconds_of_training', 0) / 60:.0f} minutes of training steps on "
        f"{card.get('machine', 'an unnamed machine')}{_threads(card)}, {memory}; {versions}; seed "
        f"{card.get('split', {}).get('seed', _NONE)}.\n\n"
        f"- weights: SHA-256 `{facts.weights_sha256}`\n"
        f"- list of photos learned from: SHA-256 `{card.get('photos_sha256', _NONE)}`\n"
        f"- held-out photos that look like a learned one (difference hash ≤ 6): "
        f"{_counts(alike) if alike is not None else 'not counted'}"
    )


def _threads(card: Mapping[str, Any]) -> str:
    found = card.get("threads")
    if not found:
        return ""
    within, between = (found[name] or found["cores"] for name in ("intra_op", "inter_op"))
    return f", {within} threads within and {between} between operations"


def _photo_table(models: Sequence[tuple[str, Figures]]) -> str:
    head = (
        "photos of",
        "model",
        "cracked",
        "clear",
        "AUC",
        "recall at 5 % false flags",
        "recall at 10 %",
        "accuracy at 0.5",
        "ECE",
    )
    rows = [
        _photo_row(source, name, figures[source])
        for source in models[0][1]
        for name, figures in models
        if source in figures
    ]
    return _table(head, rows)


def _photo_row(source: str, model: str, found: Figures) -> Row:
    recalls = (
        _percent(_value(found, f"recall_at_{share}_percent_false_flags")) for share in (5, 10)
    )
    ece = _value(found, "ece")
    counts = (str(found["cracked"]), str(found["photos"] - found["cracked"]))
    tail = (_percent(found.get("accuracy")), _NONE if ece is None else f"{ece:.3f}")
    return (source, model, *counts, _with_interval(found.get("auc")), *recalls, *tail)


def _threshold_table(facts: ModelFacts, figures: Figures) -> str:
    head = (
        "photos of",
        "cracked: flagged",
        "undecided",
        "called clear",
        "clear: flagged",
        "undecided",
        "called clear",
    )
    rows = [
        (source, *_verdicts(found["confusion"]["cracked"]), *_verdicts(found["confusion"]["clear"]))
        for source, found in figures.items()
    ]
    limits = facts.thresholds
    words = (
        f"Flagged from a score of {limits.flagged_from:.3f}, clear below {limits.clear_below:.3f}, "
        "undecided in between."
    )
    return f"{words}\n\n{_table(head, rows)}"


def _verdicts(counts: Mapping[str, int]) -> Iterable[str]:
    total = sum(counts.values())
    return (
        f"{counts[verdict]} ({counts[verdict] / total:.1%})" if total else _NONE
        for verdict in ("flagged", "undecided", "clear")
    )


def _place_table(models: Sequence[tuple[str, Figures]]) -> str:
    head = (
        "photos of",
        "model",
        "photos with a mask",
        "strongest cell within 16 px of the crack",
        "crack cells found at 5 % false cells",
        "at 10 %",
    )
    found = "crack_cells_found_at_{}_percent_false_cells"
    rows = [
        (
            *(source, name, str(place["photos"]), _percent(place["strongest_cell_on_crack"])),
            *(_percent(place.get(found.format(share))) for share in (5, 10)),
        )
        for source in models[0][1]
        for name, figures in models
        if (place := figures.get(source, {}).get("localisation"))
    ]
    return _table(head, rows)


def _speed_table(speed: Figures) -> str:
    head = ("photo", "way", "photos a second", "p50", "p95", "memory", "first answer", "× tiles")
    rows = [
        (
            *(size, way, f"{found['photos_a_second']:.2f}"),
            *(f"{found[name]:.2f} s" for name in ("p50", "p95")),
            *(f"{found['memory_mb']:.0f} MB", f"{found['first_answer']:.1f} s"),
            f"{found['photos_a_second'] / ways['tiles']['photos_a_second']:.1f}",
        )
        for size, ways in speed["sizes"].items()
        for way, found in ways.items()
    ]
    words = (
        f"From a JPEG's bytes to score, map and regions, on {speed['machine']}. `tiles` is the "
        "small CNN run over tiles of 227 px with `model.predict`, as is usual."
    )
    return f"{words}\n\n{_table(head, rows)}"


def _data_table(card: Mapping[str, Any]) -> str:
    learned, measured = card.get("trained_on", {}), card.get("measured_on", {})
    rows = [
        (source, _counts(learned.get(source, {})), _counts(measured.get(source, {})))
        for source in sorted({*learned, *measured})
    ]
    return _table(("source", "learned from", "only measured"), rows)


# === Markdown ===


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bullets(sentences: Any) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences) or _NONE


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _value(found: Figures, name: str) -> float | None:
    value: float | None = found.get(name, {}).get("value")
    return value


def _with_interval(figure: Mapping[str, float] | None) -> str:
    if not figure:
        return _NONE
    return f"{figure['value']:.4f} ({figure['low']:.4f}–{figure['high']:.4f})"


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"
