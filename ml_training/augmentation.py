"""What happens to a crop between a site and the network: mirrors, light, colour, blur, noise, JPEG.

Geometry applies to the photo and its mask alike; everything else to the photo alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml_training import overlays

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """How often each change is made, as a share of the crops. All zero: the crop stays as it is."""

    light: float = 0.8
    blur: float = 0.2
    noise: float = 0.2
    jpeg: float = 0.3
    joints: float = 0.12
    wire: float = 0.05
    shadow: float = 0.12
    stain: float = 0.12
    masonry: float = 0.08
    """Share of the crack-free crops over which bricks, blocks or paving are laid."""
    drawn_crack: float = 0.25
    """Share of the crack-free crops that get a drawn crack and so become cracked ones."""
    laid_crack: float = 0.0
    """Share of those whose crack is not drawn but taken from a masked photo."""


AS_IT_IS = Augmentation(**dict.fromkeys((field.name for field in fields(Augmentation)), 0.0))
"""No change but turns and mirrors."""


def turn(pixels: Pixels, mask: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Give one of the eight turns and mirrors of a square crop and its mask."""
    quarter, mirror = int(rng.integers(4)), bool(rng.integers(2))
    turned, turned_mask = np.rot90(pixels, quarter), np.rot90(mask, quarter)
    return (turned[:, ::-1], turned_mask[:, ::-1]) if mirror else (turned, turned_mask)


def dress(pixels: Pixels, settings: Augmentation, rng: np.random.Generator) -> Pixels:
    """Draw joints, wires, shadows and stains over a crop, as often as the settings say."""
    for share, draw in (
        (settings.stain, overlays.add_stain),
        (settings.joints, overlays.add_joints),
        (settings.wire, overlays.add_wire),
        (settings.shadow, overlays.add_shadow),
    ):
        if rng.random() < share:
            pixels = draw(pixels, rng)
    return pixels


def expose(pixels: Pixels, settings: Augmentation, rng: np.random.Generator) -> Pixels:
    """Imitate the camera: blur, light and colour, noise, JPEG, in the order in which they
    happen.
    """
    if rng.random() < settings.blur:
        pixels = _blur(pixels, rng)
    if rng.random() < settings.light:
        pixels = _relight(pixels, rng)
    if rng.random() < settings.noise:
        pixels = _add_noise(pixels, rng)
    if rng.random() < settings.jpeg:
        pixels = _recompress(pixels, rng)
    return pixels


def _blur(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.4))))
    return np.asarray(blurred)


def _relight(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Change exposure, contrast, gamma, colour cast and saturation by one table a channel."""
    levels = np.linspace(0, 1, 256)[:, None]
    contrast, exposure = np.exp(rng.normal(0, 0.18)), np.exp(rng.normal(0, 0.18))
    cast = np.exp(rng.normal(0, 0.07, 3))
    table = ((levels ** np.exp(rng.normal(0, 0.2)) - 0.5) * contrast + 0.5) * exposure * cast
    table = np.clip(table * 255, 0, 255).astype(np.uint8)
    relit = np.stack([table[:, c][pixels[..., c]] for c in range(3)], axis=-1)
    if rng.random() < 0.25:
        grey = relit.mean(axis=-1, keepdims=True)
        relit = (grey + (relit - grey) * rng.uniform(0, 0.7)).astype(np.uint8)
    return relit


def _add_noise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    spread = rng.uniform(2, 12)
    shape = pixels.shape if rng.random() < 0.5 else (*pixels.shape[:2], 1)
    noise = rng.standard_normal(shape, dtype=np.float32) * spread
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _recompress(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=int(rng.integers(30, 93)))
    return np.asarray(Image.open(buffer))
