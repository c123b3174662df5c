"""From a surface to a photo: light on the relief, uneven light, a standpoint, lens, sensor."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from ml_training.synthetic.surface import Field, Surface, axes, fractal

Corners = tuple[float, float, float, float, float, float, float, float]


def light_relief(surface: Surface, strength: float) -> None:
    """Lambert's shading of the relief under light from the upper left or right."""
    angle = surface.between(-2.6, -0.5)
    dy, dx = np.gradient(surface.relief)
    slope = dx * np.float32(math.cos(angle)) + dy * np.float32(math.sin(angle))
    shade = 1 + np.clip(slope * np.float32(-0.16 * strength), -0.45, 0.4)
    surface.multiply(np.asarray(shade, np.float32))


def light_place(surface: Surface, *, lamp: bool) -> None:
    """Light that falls off across the place: a lamp's pool, or a slow gradient from the sky."""
    y, x = axes(surface.shape)
    if lamp:
        away = (x - surface.between(0.3, 0.7)) ** 2 + (y - surface.between(0.3, 0.7)) ** 2
        pool: Field = np.exp(-away * np.float32(3.2))
        dim, bright = surface.between(0.35, 0.5), surface.between(0.6, 0.8)
        surface.multiply(np.float32(dim) + np.float32(bright) * pool)
        surface.colour *= np.asarray((1.05, 1.0, 0.91), np.float32)
        return
    fall = surface.rng.normal(0, 0.13, 2).astype(np.float32)
    surface.multiply(1 + fall[0] * (x - 0.5) + fall[1] * (y - 0.5))


def stand_somewhere(rng: np.random.Generator, size: tuple[int, int]) -> Corners:
    """The part of the drawing that becomes the photo: slightly oblique, never past an edge."""
    width, height = size
    pull = rng.uniform(0, 0.07, (4, 2)) * (width, height)
    (a, b, c, d) = pull
    return (a[0], a[1], b[0], height - b[1], width - c[0], height - c[1], width - d[0], d[1])


def expose(surface: Surface, rng: np.random.Generator, corners: Corners) -> Image.Image:
    """The RGB photo, with vignetting, white balance, blur and sensor noise."""
    height, width = surface.shape
    y, x = axes(surface.shape)
    vignette = 1 - np.float32(rng.uniform(0.05, 0.3)) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    warmth, green = rng.normal(0, 0.022), rng.normal(0.004, 0.005)
    balance = np.asarray((1 + warmth, 1 + green, 1 - warmth), np.float32)
    bright = rng.uniform(0.88, 1.25)
    surface.multiply(vignette * np.float32(bright))
    scene = _rolled_off(surface.colour * balance)
    photo = Image.fromarray((scene * 255 + 0.5).astype(np.uint8))
    photo = photo.transform(
        (width, height), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC
    )
    photo = photo.filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0.15, 0.95)) * max(surface.scale, 0.35))
    )
    return _with_sensor_noise(photo, rng)


def _rolled_off(colour: Field) -> Field:
    """Highlights approach white softly, as a camera's tone curve has it."""
    bent = np.where(colour > 0.75, 0.75 + 0.25 * np.tanh((colour - 0.75) / 0.25), colour)
    return np.clip(bent, 0.015, 1).astype(np.float32)


def _with_sensor_noise(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(photo, np.float32)
    shape = (pixels.shape[0], pixels.shape[1])
    strength = np.float32(rng.uniform(0.8, 3.6))
    pixels = pixels + strength * rng.standard_normal((*shape, 1), np.float32)
    for channel in (0, 2):
        pixels[..., channel] += strength * np.float32(0.4) * fractal(rng, shape, 4, 2, (1, 1))
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))
