"""One drawn photo: the same seed gives the same place, with or without its crack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ml_training.synthetic import camera, cracks
from ml_training.synthetic.fittings import BUILT, IN_FRONT
from ml_training.synthetic.materials import MATERIALS, Step, cement
from ml_training.synthetic.scenes import SCENES, Scene
from ml_training.synthetic.surface import Surface

SMALLEST_SIDE = 64


@dataclass(frozen=True)
class DrawnPhoto:
    """`image` is RGB; `mask` is "L", 255 where a crack is; both have the size asked for."""

    image: Image.Image
    mask: Image.Image
    cracked: bool
    scene: str


def draw_photo(
    *, seed: int, cracked: bool, width: int, height: int, scene: str | None = None
) -> DrawnPhoto:
    """Draw a photo of concrete, render or asphalt.

    Deterministic: the same arguments give the same pixels. `cracked` changes nothing but the crack
    itself, so two photos of one seed form a pair. `scene` is one of `SCENES`; None lets the seed
    choose. Raises ValueError for an unknown scene, a negative seed or a side under 64 px.
    """
    _check(seed, width, height, scene)
    place, crack, lens = (np.random.default_rng([seed, stream]) for stream in range(3))
    name = scene or str(place.choice(sorted(SCENES)))
    recipe = SCENES[name]
    surface = Surface.blank(
        width, height, recipe.colours[place.integers(len(recipe.colours))], place
    )
    additions = _likely(surface, recipe.with_) or {max(recipe.with_, key=recipe.with_.__getitem__)}
    _build(surface, _likely(surface, recipe.made_of) | additions)
    coverage = np.zeros(surface.shape, np.float32)
    if cracked:
        coverage = cracks.draw_cracks(replace(surface, rng=crack))  # the same arrays
    _finish(surface, recipe, additions)
    corners = camera.stand_somewhere(lens, (width, height))
    image = camera.expose(surface, lens, corners)
    drawn = Image.fromarray((coverage * 255).astype(np.uint8))
    seen = drawn.transform(
        (width, height), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR
    )
    mask = Image.fromarray(cracks.as_mask(np.asarray(seen, np.float32) / np.float32(255)))
    return DrawnPhoto(image, mask, cracked, name)


def _build(surface: Surface, names: set[str]) -> None:
    cement(surface)
    _apply(surface, MATERIALS, names)
    _apply(surface, BUILT, names)


def _finish(surface: Surface, recipe: Scene, names: set[str]) -> None:
    """Light comes before shadows and cables, which lie in front of the relief."""
    camera.light_relief(surface, recipe.relief * surface.between(0.6, 1.5))
    camera.light_place(surface, lamp=surface.happens(recipe.lamp))
    _apply(surface, IN_FRONT, names)


def _likely(surface: Surface, chances: Mapping[str, float]) -> set[str]:
    return {name for name, chance in chances.items() if surface.happens(chance)}


def _apply(surface: Surface, steps: Mapping[str, Step], names: set[str]) -> None:
    """Steps run in their own order, which is the order in which things come to be."""
    for name, step in steps.items():
        if name in names:
            step(surface)


def _check(seed: int, width: int, height: int, scene: str | None) -> None:
    if seed < 0:
        raise ValueError(f"draw_photo wants a seed of 0 or more. Received: seed={seed}.")
    if min(width, height) < SMALLEST_SIDE:
        raise ValueError(
            f"draw_photo wants sides of at least {SMALLEST_SIDE} px. Received: {width}x{height}."
        )
    if scene is not None and scene not in SCENES:
        raise ValueError(
            f"draw_photo knows the scenes {', '.join(sorted(SCENES))}. Received: {scene!r}."
        )
