"""Cracks: fractal paths of uneven width with branches, drawn as a coverage, then cut in.

A path is a midpoint displacement (Fournier, Fussell, Carpenter 1982) whose roughness stays in the
range measured on concrete fracture profiles (Hurst exponent about 0.8). Its two lips wander
independently, as real ones do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml_training.synthetic.surface import Field, Pencil, Surface, ramp, soften

Path = NDArray[np.float64]  # (n, 2) of x, y in pixels

HURST = 0.8
MASK_FROM = 0.35


def draw_cracks(surface: Surface) -> Field:
    """Cut one pattern of cracks into `surface`; returns their coverage from 0 to 1."""
    pencil, rng = surface.pencil(), surface.rng
    patterns: tuple[tuple[Callable[[Surface, Pencil, np.random.Generator], None], float], ...] = (
        (_one_crack, 0.5),
        (_several_hairlines, 0.28),
        (_map_cracking, 0.22),
    )
    chosen = rng.choice(len(patterns), p=[share for _, share in patterns])
    patterns[chosen][0](surface, pencil, rng)
    coverage = pencil.coverage()
    _cut(surface, coverage, rng)
    return coverage


# --- Patterns ---------------------------------------------------------------------------------


def _one_crack(surface: Surface, pencil: Pencil, rng: np.random.Generator) -> None:
    """A crack across most of the photo, with branches."""
    width = surface.px(math.exp(rng.uniform(math.log(2.2), math.log(13))), least=1.2)
    path = _across(surface, rng, reach=rng.uniform(0.75, 1.25))
    _strand(pencil, rng, path, width)
    for _ in range(rng.integers(0, 5)):
        _branch(pencil, rng, path, width * rng.uniform(0.35, 0.7), depth=1)


def _several_hairlines(surface: Surface, pencil: Pencil, rng: np.random.Generator) -> None:
    """Two to five thin cracks, roughly parallel, as shrinkage leaves them."""
    bearing = rng.uniform(0, math.pi)
    for _ in range(rng.integers(2, 6)):
        width = surface.px(rng.uniform(1.6, 3.6), least=1.0)
        path = _across(
            surface, rng, reach=rng.uniform(0.35, 0.9), bearing=bearing + rng.normal(0, 0.15)
        )
        _strand(pencil, rng, path, width)
        if rng.random() < 0.5:
            _branch(pencil, rng, path, width * 0.7, depth=0)


def _map_cracking(surface: Surface, pencil: Pencil, rng: np.random.Generator) -> None:
    """A net of cracks over a part of the photo: a shaken, turned honeycomb with gaps."""
    height, width = surface.shape
    cell = max(surface.px(rng.uniform(110, 260)), min(height, width) / 7)
    nodes = _shaken_grid(rng, (width, height), cell)
    centre = np.array([width * rng.uniform(0.35, 0.65), height * rng.uniform(0.35, 0.65)])
    reach = min(width, height) * rng.uniform(0.4, 0.75)
    stroke = surface.px(rng.uniform(2.0, 5.5), least=1.0)
    for (row, column), here in nodes.items():
        for other in ((row, column + 1), (row + 1, column)):
            upright = other[0] > row
            if other not in nodes or (upright and (row + column) % 2) or rng.random() < 0.14:
                continue
            distance = float(np.hypot(*((here + nodes[other]) / 2 - centre)))
            if distance < reach * rng.uniform(0.75, 1.1):
                fading = stroke * (1.15 - 0.7 * distance / reach) * rng.uniform(0.5, 1.2)
                path = fractal_path(rng, here, nodes[other], 0.13)
                _strand(pencil, rng, path, max(fading, 1.0), taper=False)


def _shaken_grid(
    rng: np.random.Generator, size: tuple[int, int], cell: float
) -> dict[tuple[int, int], NDArray[np.float64]]:
    angle, middle, nodes = rng.uniform(0, math.pi), np.array(size) / 2, {}
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    rows, columns = (int(1.2 * max(size) / (share * cell)) for share in (1, 0.62))
    for row in range(rows):
        for column in range(columns):
            zigzag = -0.14 if (row + column) % 2 else 0.14
            x, y = (column - columns / 2) * 0.62 * cell, (row + zigzag - rows / 2) * cell
            nodes[row, column] = middle + turn @ (np.array([x, y]) + rng.normal(0, cell * 0.19, 2))
    return nodes


# --- Paths ------------------------------------------------------------------------------------


def fractal_path(
    rng: np.random.Generator, start: NDArray[np.float64], end: NDArray[np.float64], roughness: float
) -> Path:
    """Points about 2.5 px apart, displaced sideways by about `roughness` of the length."""
    length = float(np.hypot(*(end - start)))
    levels = max(2, min(10, round(math.log2(max(length, 8) / 2.5))))
    offsets, amplitude = np.zeros(2), roughness * length
    for _ in range(levels):
        middle = (offsets[1:] + offsets[:-1]) / 2 + rng.normal(0, amplitude / 2, len(offsets) - 1)
        grown = np.empty(len(offsets) + len(middle))
        grown[::2], grown[1::2] = offsets, middle
        offsets, amplitude = grown, amplitude * 2**-HURST
    along = np.linspace(0, 1, len(offsets))[:, None]
    direction = (end - start) / max(length, 1e-6)
    sideways = np.array([-direction[1], direction[0]])
    wander = rng.normal(0, 0.25 * length / len(offsets), (len(offsets), 1))
    path: Path = start + along * (end - start) + offsets[:, None] * sideways + wander * direction
    return path


def _across(
    surface: Surface, rng: np.random.Generator, *, reach: float, bearing: float | None = None
) -> Path:
    """A path through the middle; `reach` is its length as a share of the long side."""
    height, width = surface.shape
    bearing = float(rng.uniform(0, math.pi)) if bearing is None else bearing
    half = reach * max(height, width) / 2
    middle = np.array([width * rng.uniform(0.25, 0.75), height * rng.uniform(0.25, 0.75)])
    step = half * np.array([math.cos(bearing), math.sin(bearing)])
    return fractal_path(rng, middle - step, middle + step, rng.uniform(0.05, 0.14))


def _branch(
    pencil: Pencil, rng: np.random.Generator, parent: Path, width: float, *, depth: int
) -> None:
    """A thinner crack leaving `parent` at 20 to 65 degrees."""
    root = int(rng.integers(len(parent) // 6, len(parent) * 5 // 6))
    ahead = parent[min(root + 8, len(parent) - 1)] - parent[max(root - 8, 0)]
    turn = rng.choice([-1, 1]) * math.radians(rng.uniform(20, 65))
    bearing = math.atan2(ahead[1], ahead[0]) + turn + (math.pi if rng.random() < 0.5 else 0)
    length = float(np.hypot(*(parent[-1] - parent[0]))) * rng.uniform(0.12, 0.42)
    end = parent[root] + length * np.array([math.cos(bearing), math.sin(bearing)])
    path = fractal_path(rng, parent[root], end, rng.uniform(0.08, 0.16))
    _strand(pencil, rng, path, max(width, 1.0), fading=True)
    if depth and rng.random() < 0.5:
        _branch(pencil, rng, path, width * 0.6, depth=depth - 1)


def _strand(
    pencil: Pencil,
    rng: np.random.Generator,
    path: Path,
    width: float,
    *,
    taper: bool = True,
    fading: bool = False,
) -> None:
    """Draw the opening along `path`: wandering lips, tight and open stretches, thin ends."""
    tangent = np.gradient(path, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    normal /= np.hypot(normal[:, 0], normal[:, 1])[:, None] + 1e-6
    opening = width * np.exp(0.42 * _drift(rng, len(path), 18) + 0.18 * _drift(rng, len(path), 3))
    opening *= _ends(len(path), taper=taper, fading=fading)
    lips = [0.5 * opening * np.exp(0.28 * _drift(rng, len(path), 3)) for _ in range(2)]
    left, right = path + normal * lips[0][:, None], path - normal * lips[1][:, None]
    tight = np.clip(0.86 + 0.22 * _drift(rng, len(path), 25), 0.45, 1)
    shut = np.maximum(tight, np.clip(opening / 5, 0, 1)) * np.clip(opening / 0.8, 0.25, 1)
    for i in range(len(path) - 1):
        quad = [left[i], left[i + 1], right[i + 1], right[i]]
        pencil.polygon([(float(x), float(y)) for x, y in quad], float(shut[i]))


def _drift(rng: np.random.Generator, count: int, smooth: int) -> NDArray[np.float64]:
    """`count` values of mean 0 and deviation about 1 that change over about `smooth` steps."""
    knots = rng.normal(0, 1, count // smooth + 3)
    return np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)


def _ends(count: int, *, taper: bool, fading: bool) -> NDArray[np.float64]:
    t = np.linspace(0, 1, count)
    if fading:
        return np.sqrt(1 - t)
    return np.minimum(1, 6 * np.minimum(t, 1 - t) + 0.12) ** 0.6 if taper else np.ones(count)


# --- Into the surface -------------------------------------------------------------------------


def _cut(surface: Surface, coverage: Field, rng: np.random.Generator) -> None:
    """Dark core, lips that catch the light, crumbled edges; sometimes damp or lime along it."""
    halo = soften(coverage, surface.px(9, least=3))
    grain = surface.noise(5, 1.5)
    crumbs = ramp(halo * 3 + 0.25 * grain, 0.62, 0.95) * (1 - coverage)
    surface.multiply(1 + crumbs * np.float32(rng.uniform(-0.22, 0.12)))
    wide = soften(coverage, surface.px(70, least=6))
    if rng.random() < 0.3:
        surface.multiply(1 - np.clip(wide * 3, 0, 1) * np.float32(rng.uniform(0.1, 0.28)))
    elif rng.random() < 0.3:
        lime = ramp(wide * 4 + 0.3 * surface.noise(90, 4), 0.45, 1.1)
        surface.blend(lime * np.float32(0.55), (0.86, 0.85, 0.82))
    depth = np.float32(rng.uniform(0.8, 0.93))
    surface.multiply(1 - coverage * (depth - np.float32(0.1) * np.clip(grain, -1, 1)))
    surface.relief -= halo * np.float32(surface.px(6, least=1.5)) + coverage * np.float32(0.8)


def as_mask(coverage: Field) -> NDArray[np.uint8]:
    """255 where a pixel belongs to a crack."""
    return np.where(coverage >= MASK_FROM, 255, 0).astype(np.uint8)
