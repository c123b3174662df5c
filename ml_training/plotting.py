"""Small plots as SVG, and photos with their evidence as pictures: for pages and for a training."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from ml_training.contracts import EvidenceMap

Curve = Sequence[tuple[float, float]]

_SIZE, _EDGE = 260, 20
_COLOURS = ("#0a5", "#c50", "#357")
_EVIDENCE = (255, 90, 30)


def plot(title: str, curves: Mapping[str, Curve], *, top: float = 1.0, right: float = 1.0) -> str:
    """Draw named curves over 0–`right` and 0–`top` as one `<svg>` element with a legend."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIZE}" height="{_SIZE}" role="img">',
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="#fff"/>',
        f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIZE - 2 * _EDGE}" height="{_SIZE - 2 * _EDGE}" '
        'fill="none" stroke="#999"/>',
        _text(_EDGE, 14, title),
        _text(_EDGE, _SIZE - 6, f"0 to {right:g} across, 0 to {top:g} up", "#666"),
    ]
    for index, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        parts.append(_line(curve, colour, top=top, right=right))
        parts.append(_text(_EDGE + 6, _EDGE + 14 * (index + 1), name, colour))
    return "".join([*parts, "</svg>"])


def _line(curve: Curve, colour: str, *, top: float, right: float) -> str:
    span = _SIZE - 2 * _EDGE
    points = " ".join(
        f"{_EDGE + x / right * span:.1f},{_SIZE - _EDGE - min(y / top, 1) * span:.1f}"
        for x, y in curve
        if np.isfinite(y)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _text(x: int, y: int, words: str, colour: str = "#222") -> str:
    style = 'font-size="12" font-family="system-ui,sans-serif"'
    return f'<text x="{x}" y="{y}" fill="{colour}" {style}>{html.escape(words)}</text>'


def with_evidence(image: Image.Image, evidence: EvidenceMap) -> Image.Image:
    """Lay an evidence map over its photo: the stronger the evidence, the more colour."""
    cells = Image.frombytes("L", (evidence.width, evidence.height), evidence.cells)
    strength = cells.resize(image.size, Image.Resampling.BILINEAR).point(lambda v: v * 7 // 10)
    return Image.composite(Image.new("RGB", image.size, _EVIDENCE), image, strength)


def sheet(
    tiles: Sequence[tuple[str, Image.Image]], *, side: int = 224, across: int = 6
) -> Image.Image:
    """Lay out pictures in rows, each under its words."""
    rows, line = -(-len(tiles) // across), side + 18
    page = Image.new("RGB", (across * side, rows * line), "white")
    draw = ImageDraw.Draw(page)
    for position, (words, picture) in enumerate(tiles):
        left, top = position % across * side, position // across * line
        small = picture.copy()
        small.thumbnail((side - 4, side - 4))
        page.paste(small, (left, top + 18))
        draw.text((left + 4, top + 3), words, fill="black")
    return page
