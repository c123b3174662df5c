"""The pieces of a simulation of reviews as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from ml_training.simulating import Piece

WANTED_FEWER_MISSES = 0.4
"""After 100 chosen reviews: by which share the misses at 10 % false flags are to fall."""
LOST_AUC = 0.01
"""What no base source may lose."""


def table(pieces: Sequence[Piece]) -> str:
    """Give one row a site, order and number of reviews: means over the seeds that were run."""
    lines = [
        "| new site | reviews | order | seeds | recall at 10 % false flags: before | after "
        "| fewer misses | AUC before | after | most lost by a base source (AUC) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    keys = sorted({(piece.site, piece.reviews, piece.order) for piece in pieces})
    for key in keys:
        lines.append(_row([p for p in pieces if (p.site, p.reviews, p.order) == key]))
    return "\n".join(lines)


def _row(pieces: Sequence[Piece]) -> str:
    first = pieces[0]
    recall, auc = ([mean(p[i] for p in pairs) for i in (0, 1)] for pairs in _pairs(pieces))
    fewer = [piece.fewer_misses for piece in pieces]
    each = ", ".join(f"{100 * share:.0f}" for share in fewer)
    source, lost = worst_source(pieces)
    return (
        f"| {first.site} | {first.reviews} | {first.order} | {len(pieces)} "
        f"| {recall[0]:.3f} | {recall[1]:.3f} | {100 * mean(fewer):.0f} % ({each}) "
        f"| {auc[0]:.3f} | {auc[1]:.3f} | {lost:+.4f} {source} |"
    )


def _pairs(pieces: Sequence[Piece]) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    return [piece.recall for piece in pieces], [piece.auc for piece in pieces]


def worst_source(pieces: Sequence[Piece]) -> tuple[str, float]:
    """Name the base source whose AUC changes worst, in the mean over the seeds, and by how much."""
    changes = {
        source: mean(piece.old_auc[source][1] - piece.old_auc[source][0] for piece in pieces)
        for source in pieces[0].old_auc
    }
    worst = min(changes, key=lambda source: changes[source])
    return worst, changes[worst]


def verdict(pieces: Sequence[Piece]) -> str:
    """Say in a sentence a site whether the bar is reached after 100 chosen reviews."""
    sentences = []
    for site in sorted({piece.site for piece in pieces}):
        asked = [p for p in pieces if (p.site, p.reviews, p.order) == (site, 100, "chosen")]
        if not asked:
            continue
        fewer, (source, lost) = mean(p.fewer_misses for p in asked), worst_source(asked)
        bought = "reached" if fewer >= WANTED_FEWER_MISSES else "not reached"
        kept = "reached" if lost >= -LOST_AUC else "not reached"
        sentences.append(
            f"{site}, {len(asked)} seeds: {100 * fewer:.0f} % fewer misses after 100 chosen "
            f"reviews (bar 40 %, {bought}); {source} changes most, by {lost:+.4f} AUC "
            f"(bar −0.01, {kept})."
        )
    return "\n".join(sentences)
