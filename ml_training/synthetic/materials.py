"""What a surface is made of: cement skin, pores, stones, boards, broom lines, render, wear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml_training.synthetic.surface import Field, Pencil, Point, Surface, ramp, soften

Step = Callable[[Surface], None]


def cement(surface: Surface) -> None:
    """The skin every scene starts from: clouds of tone, mottling, grain, a slight change of hue."""
    clouds, mottling, grain = surface.noise(620, 12), surface.noise(60, 3), surface.noise(4, 1)
    surface.multiply(1 + clouds * np.float32(surface.between(0.02, 0.05)))
    surface.multiply(1 + mottling * np.float32(surface.between(0.012, 0.035)))
    cubed: Field = np.clip(grain, -2.5, 2.5) ** 3
    sand = np.float32(0.6) * grain + np.float32(0.13) * cubed
    surface.multiply(1 + sand * np.float32(surface.between(0.02, 0.05)))
    warm = np.float32(surface.between(0.003, 0.011)) * surface.noise(400, 10)
    surface.colour[..., 0] *= 1 + warm
    surface.colour[..., 2] *= 1 - warm
    surface.relief += grain * np.float32(surface.between(0.08, 0.3)) + mottling * np.float32(0.35)


def pores(surface: Surface) -> None:
    """Bugholes: many small, few large, gathered in patches; the large ones hold shade."""
    pencil, count = surface.pencil(), int(surface.between(60, 900))
    height, width = surface.shape
    anchors = surface.rng.uniform(0, 1, (6, 2))
    for _ in range(count):
        near = anchors[surface.rng.integers(6)] + surface.rng.normal(0, 0.16, 2)
        x, y = near if surface.happens(0.6) else surface.rng.uniform(0, 1, 2)
        radius = min(
            surface.px(0.8 + 0.7 * float(surface.rng.pareto(2.2)), least=0.6), surface.px(11)
        )
        _hole(surface, pencil, (x * width, y * height), radius)
    holes = pencil.coverage()
    surface.multiply(1 - holes * np.float32(surface.between(0.35, 0.65)))
    surface.relief -= (holes + soften(holes, surface.px(3, least=1))) * np.float32(1.5)


def _hole(surface: Surface, pencil: Pencil, centre: Point, radius: float) -> None:
    """An uneven outline with a shaded upper part: light comes from above."""
    turns = np.linspace(0, 2 * np.pi, 10)[:-1]
    radii = radius * surface.rng.uniform(0.75, 1.15, 9)
    wide = surface.between(0.8, 1.5)
    outline = [
        (centre[0] + wide * r * float(np.cos(t)), centre[1] + r * float(np.sin(t)))
        for r, t in zip(radii, turns, strict=True)
    ]
    pencil.polygon(outline, surface.between(0.3, 0.6))
    if radius > surface.px(2):
        upper = [(x, centre[1] + (y - centre[1]) * 0.6 - radius * 0.3) for x, y in outline]
        pencil.polygon(upper, surface.between(0.75, 1))


def stones(surface: Surface) -> None:
    """Aggregate showing at the surface, each stone with its own tone and facets."""
    pencil, light = surface.pencil(), surface.pencil()
    height, width = surface.shape
    size = surface.px(surface.between(5, 11), least=1.6)
    count = int(min(9000, 0.32 * height * width / size**2))
    turns = np.linspace(0, 2 * np.pi, 7)[:-1]
    for _ in range(count):
        centre = surface.rng.uniform(0, 1, 2) * (width, height)
        radii = size * surface.rng.uniform(0.25, 0.8) * surface.rng.uniform(0.7, 1.2, 6)
        corners = centre + np.stack([np.cos(turns), np.sin(turns)], 1) * radii[:, None]
        target = light if surface.happens(0.45) else pencil
        target.polygon([(float(x), float(y)) for x, y in corners], surface.between(0.25, 1))
    dark, bright = pencil.coverage(), light.coverage()
    surface.multiply((1 - 0.3 * dark) * (1 + np.float32(0.38) * bright))
    surface.relief += (dark + bright) * np.float32(0.9)


def coarse_render(surface: Surface) -> None:
    """Thrown or scraped render: lumps of a few millimetres under slanting light."""
    lumps = surface.noise(surface.between(9, 22), 2)
    surface.relief += lumps * np.float32(surface.between(0.9, 1.8))
    surface.multiply(1 + np.float32(0.03) * lumps)


def boards(surface: Surface) -> None:
    """Marks of formwork boards: grain along them, a tone for each, a ridge of paste between."""
    height, width = surface.shape
    pitch, x = surface.px(surface.between(90, 210), least=14), 0.0
    grain = surface.noise(14, 1.5, stretch=(1, 22))
    surface.multiply(1 + np.float32(surface.between(0.02, 0.05)) * grain)
    surface.relief += grain * np.float32(0.5)
    ridges = surface.pencil()
    while x < width:
        end = x + pitch * surface.between(0.93, 1.07)
        surface.colour[:, int(x) : int(end)] *= np.float32(1 + surface.rng.normal(0, 0.035))
        surface.relief[:, int(x) : int(end)] += np.float32(surface.rng.normal(0, 0.8))
        ridges.line(
            [(end, 0), (end, height)], surface.px(2.2, least=0.7), surface.between(0.1, 0.9)
        )
        x = end
    lines = ridges.coverage() * ramp(surface.noise(70, 5), -0.6, 0.8)
    surface.multiply(1 - lines * np.float32(surface.between(0.12, 0.4)))
    surface.relief += lines * np.float32(1.2)


def broom_lines(surface: Surface) -> None:
    """The brushed finish of decks and floors: fine furrows across the traffic."""
    stretch = (26.0, 1.0) if surface.happens(0.6) else (1.0, 26.0)
    furrows = surface.noise(5, 1.2, stretch=stretch)
    surface.relief += furrows * np.float32(surface.between(0.25, 0.7))
    surface.multiply(1 + np.float32(surface.between(0.015, 0.04)) * furrows)


def wear(surface: Surface) -> None:
    """Where the skin has gone: a rougher, paler or darker layer with a ragged edge."""
    edge = surface.noise(260, 3)
    from_level = surface.between(0.7, 1.6)
    gone = ramp(edge, from_level, from_level + 0.16)
    tone = np.float32(surface.between(-0.14, 0.1))
    surface.multiply(1 + gone * (tone + np.float32(0.08) * surface.noise(5, 1)))
    surface.relief += gone * (surface.noise(7, 1) * np.float32(0.7) - 1)


MATERIALS: dict[str, Step] = {
    "stones": stones,
    "render": coarse_render,
    "boards": boards,
    "broom lines": broom_lines,
    "wear": wear,
    "pores": pores,
}
