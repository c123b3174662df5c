"""A piece of structure being drawn: its colour, its relief, and the brushes every step uses.

Arrays are float32 of shape (height, width) or (height, width, 3); colours and coverages run from
0 to 1; relief is in pixels. `Surface.px` turns a size given for a 1600 px photo into pixels of this
photo, so that the same place drawn smaller keeps its proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Field = NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]

REFERENCE_SIDE = 1600.0
OVERSAMPLE = 2


@dataclass
class Surface:
    """`colour` (h, w, 3) and `relief` (h, w) change in place as it is drawn; `rng` drives it."""

    colour: Field
    relief: Field
    rng: np.random.Generator

    @classmethod
    def blank(cls, width: int, height: int, colour: Colour, rng: np.random.Generator) -> Surface:
        plain = np.broadcast_to(np.asarray(colour, np.float32), (height, width, 3)).copy()
        return cls(plain, np.zeros((height, width), np.float32), rng)

    @property
    def shape(self) -> tuple[int, int]:
        return self.relief.shape[0], self.relief.shape[1]

    @property
    def scale(self) -> float:
        return max(self.shape) / REFERENCE_SIDE

    def px(self, size: float, *, least: float = 0.0) -> float:
        return max(size * self.scale, least)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def noise(self, coarse: float, fine: float = 1.0, *, stretch: Point = (1.0, 1.0)) -> Field:
        """Noise with patches of `coarse` down to `fine` reference pixels; mean 0, deviation 1."""
        return fractal(
            self.rng, self.shape, self.px(coarse, least=2), self.px(fine, least=1), stretch
        )

    def multiply(self, factor: Field) -> None:
        self.colour *= factor[..., None]

    def blend(self, coverage: Field, colour: Colour) -> None:
        """Paint `colour` where `coverage` is 1, keeping the surface where it is 0."""
        self.colour += coverage[..., None] * (np.asarray(colour, np.float32) - self.colour)

    def pencil(self) -> Pencil:
        return Pencil(self.shape)


class Pencil:
    """Draws smooth-edged shapes; `coverage()` gives what was drawn as a field from 0 to 1."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._image = Image.new("L", (shape[1] * OVERSAMPLE, shape[0] * OVERSAMPLE), 0)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, corners: Sequence[Point], strength: float = 1.0) -> None:
        self._draw.polygon(self._scaled(corners), fill=round(255 * strength))

    def line(self, points: Sequence[Point], width: float, strength: float = 1.0) -> None:
        wide = max(1, round(width * OVERSAMPLE))
        self._draw.line(self._scaled(points), fill=round(255 * strength), width=wide, joint="curve")

    def ellipse(self, centre: Point, radii: Point, strength: float = 1.0) -> None:
        (x, y), (rx, ry) = centre, radii
        box = self._scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self._draw.ellipse(box, fill=round(255 * strength))

    def write(self, text: str, at: Point, size: float) -> None:
        font = ImageFont.load_default(size * OVERSAMPLE)
        self._draw.text(self._scaled([at])[0], text, fill=255, font=font)

    def coverage(self) -> Field:
        return np.asarray(self._image.reduce(OVERSAMPLE), np.float32) / np.float32(255)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * OVERSAMPLE, y * OVERSAMPLE) for x, y in points]


def resized(
    field: Field, shape: tuple[int, int], method: Image.Resampling = Image.Resampling.BICUBIC
) -> Field:
    """`field` stretched to `shape` (height, width)."""
    height, width = shape
    return np.asarray(Image.fromarray(field).resize((width, height), method), np.float32)


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], coarse: float, fine: float, stretch: Point
) -> Field:
    """Noise summed over halving patch sizes, each stretched from the one before: cheap."""
    size, amplitude = max(coarse, fine), np.float32(1)
    field = rng.standard_normal(_cells(shape, size, stretch), np.float32)
    while size > fine:
        size, amplitude = max(size / 2, fine), amplitude * np.float32(0.6)
        cells = _cells(shape, size, stretch)
        field = resized(field, cells) + amplitude * rng.standard_normal(cells, np.float32)
    field = field if field.shape == shape else resized(field, shape)
    field = field - field.mean()
    normal: Field = field / np.float32(field.std() + 1e-6)
    return normal


def _cells(shape: tuple[int, int], size: float, stretch: Point) -> tuple[int, int]:
    rows = shape[0] / (size * stretch[1])
    columns = shape[1] / (size * stretch[0])
    return min(shape[0], int(rows) + 2), min(shape[1], int(columns) + 2)


def soften(field: Field, radius: float) -> Field:
    """A wide, cheap blur: shrink by the radius and stretch back."""
    if radius < 1:
        return field
    small = max(2, round(field.shape[0] / radius)), max(2, round(field.shape[1] / radius))
    shrunk = resized(field, small, Image.Resampling.HAMMING)
    return np.clip(resized(shrunk, (field.shape[0], field.shape[1])), 0, 1)


def ramp(field: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1)
    smooth: Field = t * t * (3 - 2 * t)
    return smooth


def axes(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Column of y and row of x, each from 0 to 1 over the photo; they broadcast to a full field."""
    y = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(0, 1, shape[1], dtype=np.float32)[None, :]
    return y, x
