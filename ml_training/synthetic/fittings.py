"""What people, water and weather add: joints, tie holes, stains, repairs, cables, shadows.

Nearly all of them are dark or thin like a crack, and stand in cracked and clear photos alike:
they are the look-alikes a classifier has to learn to leave alone.
"""

from __future__ import annotations

import math

import numpy as np

from ml_training.synthetic.materials import Step
from ml_training.synthetic.surface import Colour, Field, Pencil, Point, Surface, axes, ramp, soften

# === Before the cracks: part of the surface ===================================================


def formwork(surface: Surface) -> None:
    """Joints between panels, a change of tone across them, tie holes (some of them filled)."""
    height, width = surface.shape
    lines, holes, plugs = surface.pencil(), surface.pencil(), surface.pencil()
    pitch_x, pitch_y = (surface.px(surface.between(520, 1100)) for _ in range(2))
    left, top = surface.between(-0.5, 0.6) * pitch_x, surface.between(-0.5, 0.6) * pitch_y
    joint = surface.px(surface.between(1.6, 5), least=0.8)
    columns, rows = _steps(left, width, pitch_x), _steps(top, height, pitch_y)
    for x in columns:
        lines.line(_ruled(surface, (x, -5), (x, height + 5)), joint, surface.between(0.5, 1))
        surface.colour[:, max(0, int(x)) :] *= np.float32(1 + surface.rng.normal(0, 0.035))
    for y in rows:
        lines.line(_ruled(surface, (-5, y), (width + 5, y)), joint, surface.between(0.5, 1))
        surface.colour[max(0, int(y)) :] *= np.float32(1 + surface.rng.normal(0, 0.035))
    for centre in [
        (x + pitch_x * f, y + pitch_y * g)
        for x in columns
        for y in rows
        for f in (0.2, 0.8)
        for g in (0.3,)
    ]:
        radius = surface.px(surface.between(9, 13), least=1.5)
        (plugs if surface.happens(0.35) else holes).ellipse(centre, (radius, radius))
    _groove(surface, lines.coverage() * ramp(surface.noise(160, 6), -1.9, -0.2), 0.5)
    _groove(surface, holes.coverage(), 0.68)
    surface.multiply(1 + plugs.coverage() * np.float32(surface.between(-0.12, 0.16)))


def sawn_joint(surface: Surface) -> None:
    """One or two straight cuts, some filled with sealant: as dark as a crack, but ruled."""
    height, width = surface.shape
    cut = surface.pencil()
    stroke = surface.px(surface.between(3, 11), least=1)
    tilt = surface.rng.normal(0, 0.03)
    y = surface.between(0.15, 0.85) * height
    cut.line([(-5, y), (width + 5, y + tilt * width)], stroke)
    if surface.happens(0.4):
        x = surface.between(0.15, 0.85) * width
        cut.line([(x, -5), (x - tilt * height, height + 5)], stroke)
    _groove(surface, cut.coverage(), surface.between(0.45, 0.75))


def repair(surface: Surface) -> None:
    """A patched area: another mortar, smoother, with a visible edge."""
    height, width = surface.shape
    centre = surface.rng.uniform(0.1, 0.9, 2) * (width, height)
    half = surface.rng.uniform(0.07, 0.22, 2) * (width, height)
    corners = [
        (centre + half * c + surface.rng.normal(0, 0.08, 2) * half)
        for c in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    outline = [(float(x), float(y)) for x, y in corners]
    body, edge = surface.pencil(), surface.pencil()
    body.polygon(outline)
    edge.line([*outline, outline[0]], surface.px(3, least=0.8), surface.between(0.3, 0.9))
    inside = body.coverage()
    grey = surface.colour.mean(axis=(0, 1)) * surface.between(0.78, 1.14)
    surface.blend(inside * np.float32(0.75), (float(grey[0]), float(grey[1]), float(grey[2])))
    surface.multiply(1 + inside * np.float32(0.03) * surface.noise(120, 3, stretch=(6, 1)))
    surface.relief *= 1 - 0.6 * inside
    _groove(surface, edge.coverage() * ramp(surface.noise(60, 4), -1.2, 0.4), 0.3)


def water_streaks(surface: Surface) -> None:
    """Dark runs of water down from the top."""
    y, _ = axes(surface.shape)
    runs = ramp(surface.noise(55, 5, stretch=(1, 40)), 0.5, 2.2)
    length = ramp(
        surface.noise(90, 30, stretch=(1, 30)) * 0.25
        + (1.1 - y * np.float32(surface.between(0.8, 1.6))),
        0.2,
        0.9,
    )
    surface.multiply(1 - runs * length * np.float32(surface.between(0.15, 0.42)))


def efflorescence(surface: Surface) -> None:
    """White lime bloom in clouds, with drips below."""
    y, x = axes(surface.shape)
    middle = surface.between(0.1, 0.9), surface.between(0.1, 0.6)
    spread: Field = np.exp(-(((x - middle[0]) / 0.3) ** 2) - ((y - middle[1]) / 0.25) ** 2)
    bloom = ramp(surface.noise(120, 3) * 0.45 + spread * np.float32(1.3), 0.9, 1.9)
    drips = ramp(surface.noise(26, 3, stretch=(1, 24)) * 0.5 + spread, 0.9, 1.7)
    lime = np.maximum(bloom, drips) * ramp(surface.noise(7, 1), -2.2, 0.9)
    surface.blend(lime * np.float32(surface.between(0.35, 0.7)), (0.87, 0.87, 0.84))


def rust(surface: Surface) -> None:
    """Rust from a point of steel, running down."""
    y, x = axes(surface.shape)
    for _ in range(surface.rng.integers(1, 4)):
        at, top = surface.between(0.05, 0.95), surface.between(0.05, 0.7)
        width, length = surface.between(0.006, 0.03), surface.between(0.1, 0.5)
        below = np.clip((y - top) / length, 0, 1)
        spread = (x - at + 0.004 * surface.noise(60, 3)) / (width * (0.25 + 1.1 * below**0.7))
        plume = np.exp(-(spread**2)) * ramp(below, 0, 0.05) * (1 - below) ** 1.2
        stain = plume * (0.65 + 0.35 * ramp(surface.noise(22, 2, stretch=(1, 10)), -0.8, 1))
        surface.blend(stain * np.float32(surface.between(0.4, 0.8)), (0.42, 0.25, 0.14))


def dark_stain(surface: Surface) -> None:
    """Oil, damp or soot: soft dark patches with a harder edge here and there."""
    level = surface.between(0.5, 1.5)
    patch = ramp(surface.noise(330, 12), level, level + surface.between(0.25, 1.2))
    surface.multiply(1 - patch * np.float32(surface.between(0.12, 0.4)))


def growth(surface: Surface) -> None:
    """Algae and moss, thickest towards the foot."""
    y, _ = axes(surface.shape)
    tufts = surface.noise(150, 2) * 0.45 + surface.noise(9, 1) * 0.3
    carpet = ramp(tufts + y * 1.6, 1.3, 2.3)
    surface.blend(carpet * np.float32(surface.between(0.3, 0.75)), (0.27, 0.29, 0.2))


def painted_mark(surface: Surface) -> None:
    """A number or an arrow left by an earlier visit, in worn spray paint or crayon."""
    pencil = surface.pencil()
    height, width = surface.shape
    text = f"{surface.rng.choice(list('ABKNPSW'))}{surface.rng.integers(1, 48)}"
    at = surface.between(0.05, 0.75) * width, surface.between(0.05, 0.75) * height
    pencil.write(text, at, surface.px(surface.between(60, 150), least=10))
    paint = pencil.coverage() * ramp(surface.noise(24, 1.5), -1.5, 0.3)
    colours: tuple[Colour, ...] = (
        (0.75, 0.16, 0.12),
        (0.13, 0.2, 0.5),
        (0.9, 0.88, 0.8),
        (0.12, 0.12, 0.12),
    )
    surface.blend(paint * np.float32(surface.between(0.45, 0.85)), colours[surface.rng.integers(4)])


# === After the cracks: in front of the surface ================================================


def cables(surface: Surface) -> None:
    """One to three cables or wires, sagging, round, with the shadow they throw."""
    for _ in range(surface.rng.integers(1, 4)):
        thick = surface.px(surface.between(2.5, 15), least=1)
        points = _sagging(surface)
        shade, body, glint = surface.pencil(), surface.pencil(), surface.pencil()
        away = thick * surface.between(0.5, 2.5)
        shade.line([(x + away * 0.6, y + away) for x, y in points], thick * 1.1)
        body.line(points, thick)
        glint.line([(x - thick * 0.12, y - thick * 0.2) for x, y in points], max(thick * 0.3, 0.6))
        surface.multiply(1 - soften(shade.coverage(), max(thick * 0.5, 1)) * np.float32(0.38))
        grey = surface.between(0.08, 0.5)
        surface.blend(body.coverage(), (grey, grey, grey * surface.between(0.9, 1.1)))
        surface.multiply(1 + glint.coverage() * np.float32(surface.between(0.15, 0.5)))


def cast_shadow(surface: Surface) -> None:
    """The edge of a building's, a parapet's or a beam's shadow."""
    height, width = surface.shape
    angle, reach = surface.between(0, 2 * math.pi), 2.0 * max(width, height)
    edge = surface.rng.uniform(0.2, 0.8, 2) * (width, height)
    along = np.array([math.cos(angle), math.sin(angle)])
    side = np.array([-along[1], along[0]])
    band = reach if surface.happens(0.6) else surface.px(surface.between(60, 420))
    corners = [
        edge - along * reach,
        edge + along * reach,
        edge + along * reach + side * band,
        edge - along * reach + side * band,
    ]
    pencil = surface.pencil()
    pencil.polygon([(float(x), float(y)) for x, y in corners])
    _shade(surface, soften(pencil.coverage(), surface.px(surface.between(2, 26), least=1)))


def twig_shadow(surface: Surface) -> None:
    """The branching shadow of a plant: like a crack in shape, but soft, wide and without a core."""
    pencil = surface.pencil()
    height, width = surface.shape
    root = (surface.between(0, 1) * width, height * 1.02)
    _twig(
        surface,
        pencil,
        root,
        -math.pi / 2 + surface.rng.normal(0, 0.4),
        surface.px(560),
        surface.px(15, least=2),
        4,
    )
    _shade(surface, soften(pencil.coverage(), surface.px(surface.between(5, 12), least=1.5)))


def _twig(
    surface: Surface,
    pencil: Pencil,
    root: Point,
    bearing: float,
    length: float,
    width: float,
    depth: int,
) -> None:
    points = [root]
    for _ in range(8):
        bearing += surface.rng.normal(0, 0.09)
        points.append(
            (
                points[-1][0] + math.cos(bearing) * length / 8,
                points[-1][1] + math.sin(bearing) * length / 8,
            )
        )
    pencil.line(points, width)
    for start in points[3::2] if depth else ():
        turn = bearing + surface.rng.choice([-1, 1]) * surface.between(0.35, 0.9)
        _twig(
            surface,
            pencil,
            start,
            turn,
            length * surface.between(0.45, 0.7),
            width * 0.62,
            depth - 1,
        )


# --- Shared strokes ---------------------------------------------------------------------------


def _shade(surface: Surface, coverage: Field) -> None:
    """Shadow outdoors is bluish: the sky still lights it."""
    deep = surface.between(0.28, 0.52)
    for channel, share in enumerate((1.0, 0.96, 0.88)):
        surface.colour[..., channel] *= 1 - coverage * np.float32(deep * share)


def _groove(surface: Surface, coverage: Field, dark: float) -> None:
    surface.multiply(1 - coverage * np.float32(dark))
    surface.relief -= coverage * np.float32(1.6)


def _steps(start: float, end: float, pitch: float) -> list[float]:
    return [start + pitch * i for i in range(int((end - start) / pitch) + 1)]


def _ruled(surface: Surface, start: Point, end: Point) -> list[Point]:
    """A straight line with the tremor of real formwork."""
    tremor = surface.px(0.45)
    share = np.linspace(0, 1, 24)
    return [
        (
            float(start[0] + t * (end[0] - start[0]) + surface.rng.normal(0, tremor)),
            float(start[1] + t * (end[1] - start[1]) + surface.rng.normal(0, tremor)),
        )
        for t in share
    ]


def _sagging(surface: Surface) -> list[Point]:
    height, width = surface.shape
    start, end = (surface.between(-0.05, 1.05) * height for _ in range(2))
    sag = surface.between(0, 0.12) * height
    ends = ((-20.0, start), (width + 20.0, end))
    if surface.happens(0.35):
        ends = ((start / height * width, -20.0), (end / height * width, height + 20.0))
    t = np.linspace(0, 1, 40)
    x = ends[0][0] + t * (ends[1][0] - ends[0][0])
    y = ends[0][1] + t * (ends[1][1] - ends[0][1]) + 4 * sag * t * (1 - t)
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)]


BUILT: dict[str, Step] = {
    "formwork": formwork,
    "sawn joint": sawn_joint,
    "repair": repair,
    "water streaks": water_streaks,
    "dark stain": dark_stain,
    "efflorescence": efflorescence,
    "rust": rust,
    "growth": growth,
    "painted mark": painted_mark,
}
IN_FRONT: dict[str, Step] = {
    "cables": cables,
    "cast shadow": cast_shadow,
    "twig shadow": twig_shadow,
}
