"""Things drawn over a crop: joints, wires, shadow edges, stains, and cracks with their masks.

Joints, wires and shadows teach what is not a crack; cracks drawn on crack-free backgrounds teach
that the background does not decide. All functions take and give (height, width, 3) uint8.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Point = tuple[float, float]

_SUPERSAMPLING = 2
_DIRECTIONS = 2 * np.pi
_RELIEF_BLOCK = 16
_FAINTEST_RELIEF = 0.08


def add_joints(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw one to four straight parallel lines, now and then crossed by one: joints and form
    edges.
    """
    height, width = pixels.shape[:2]
    angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.08)
    gap = rng.uniform(0.25, 0.8) * max(height, width)
    first = rng.uniform(0, gap)
    lines = [
        _line_across(width, height, angle, first + gap * i) for i in range(int(rng.integers(1, 4)))
    ]
    if rng.random() < 0.3:
        lines.append(
            _line_across(width, height, angle + np.pi / 2, rng.uniform(0, max(height, width)))
        )
    thickness = float(rng.choice([1.0, 1.5, 2.0, 3.0, 5.0, 8.0]))
    layer = _strokes(
        (width, height), [(line, [thickness]) for line in lines], blur=rng.uniform(0, 1.2)
    )
    shaded = _shade(pixels, layer, rng.uniform(-0.75, 0.45))
    if thickness >= 2 and rng.random() < 0.5:
        shift = int(max(1, round(thickness * 0.7)))
        shaded = _shade(shaded, np.roll(layer, (shift, shift), (0, 1)), rng.uniform(0.1, 0.4))
    return shaded


def add_masonry(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Lay bricks, blocks or paving over a crop: courses, mortar, each stone its own tone."""
    height, width = pixels.shape[:2]
    side = 3 * max(height, width) // 2
    course = int(np.exp(rng.uniform(np.log(10), np.log(90))))
    length = max(course, int(course * rng.choice([1.0, 2.0, 2.6, 3.2])))
    rows, columns = side // course + 2, side // length + 3
    tones = np.exp(rng.normal(0, rng.uniform(0.02, 0.2), (rows, columns, 1)))
    tones = tones * np.exp(rng.normal(0, rng.uniform(0, 0.1), (rows, columns, 3)))
    y = np.arange(side) // course
    shift = (np.arange(rows) % 2 * (length // 2) * int(rng.random() < 0.8))[y]
    x = (np.arange(side)[None, :] + shift[:, None]) // length
    joint = max(1, round(course * rng.uniform(0.03, 0.18)))
    mortar = (np.arange(side) % course < joint)[:, None] | (
        (np.arange(side)[None, :] + shift[:, None]) % length < joint
    )
    shade = tones[y[:, None], x] * rng.uniform(0.6, 1.1, 3)
    shade = np.where(mortar[..., None], rng.uniform(0.35, 1.5), shade)
    layer = Image.fromarray(np.clip(shade * 128, 0, 255).astype(np.uint8))
    turned = layer.rotate(rng.choice([0, 90]) + rng.normal(0, 5), Image.Resampling.BILINEAR)
    soft = turned.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.2))))
    left, top = (side - width) // 2, (side - height) // 2
    cut = np.asarray(soft, dtype=np.float32)[top : top + height, left : left + width] / 128
    return np.clip(pixels * cut, 0, 255).astype(np.uint8)


def add_wire(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw a smooth sagging line of even width: a cable, a hose, a chalk line."""
    height, width = pixels.shape[:2]
    t = np.linspace(-0.1, 1.1, 24)
    sag = rng.uniform(-0.3, 0.3) * height
    start, end = rng.uniform(-0.2, 1.2, 2) * height
    ys = start + (end - start) * t + sag * 4 * t * (1 - t)
    points = list(zip((t * width).tolist(), ys.tolist(), strict=True))
    if rng.random() < 0.5:
        points = [(y * width / height, x * height / width) for x, y in points]
    layer = _strokes((width, height), [(points, [rng.uniform(1, 4)])], blur=rng.uniform(0, 0.8))
    return _shade(pixels, layer, rng.uniform(-0.8, 0.8))


def add_shadow(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Darken one side of a straight or bent edge, sharp or soft."""
    height, width = pixels.shape[:2]
    image = Image.new("L", (width, height))
    corners = [(rng.uniform(-0.5, 1.5) * width, rng.uniform(-0.5, 1.5) * height) for _ in range(4)]
    ImageDraw.Draw(image).polygon(corners, fill=255)
    soft = image.filter(ImageFilter.GaussianBlur(float(rng.choice([0.4, 1.0, 3.0, 8.0]))))
    return _shade(pixels, _coverage(soft), rng.uniform(-0.65, -0.15))


def add_stain(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Darken or lighten cloudy patches or vertical runs, as water, rust and efflorescence do."""
    height, width = pixels.shape[:2]
    rows, columns = (
        (2, int(rng.integers(4, 12))) if rng.random() < 0.4 else rng.integers(2, 7, 2).tolist()
    )
    coarse = Image.fromarray(rng.integers(0, 256, (rows, columns), dtype=np.uint8))
    cloud = (
        np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32) / 255
    )
    strength = rng.uniform(-0.5, 0.3)
    tint = rng.uniform(0.7, 1.0, 3).astype(np.float32)
    return _shade(pixels, np.clip(cloud * 2 - 0.9, 0, 1), strength, tint)


def add_crack(pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Draw a branching, jagged line of changing width; give the picture and its mask (0 or 255)."""
    height, width = pixels.shape[:2]
    strokes = [_crack_path(width, height, rng)]
    for _ in range(int(rng.choice([0, 0, 1, 2]))):
        strokes.append(_branch(strokes[0], rng))
    thickness = float(np.exp(rng.uniform(np.log(0.7), np.log(6.0))))
    widths = [
        _widths(len(stroke), thickness * (1 if i == 0 else 0.6), rng)
        for i, stroke in enumerate(strokes)
    ]
    layer = _strokes(
        (width, height), list(zip(strokes, widths, strict=True)), blur=rng.uniform(0, 0.6)
    )
    darkness = rng.uniform(0.35, 0.9) if thickness > 1.5 else rng.uniform(0.45, 0.95)
    tint = 1 - rng.uniform(0, 0.25, 3).astype(np.float32) * np.array([0.3, 0.6, 1.0], np.float32)
    mask = np.where(layer > 0.3, 255, 0).astype(np.uint8)
    return _shade(pixels, layer, -darkness, tint), mask


def lay_crack(
    pixels: Pixels, donor: Pixels, mask: Pixels, rng: np.random.Generator
) -> tuple[Pixels, Pixels] | None:
    """Lay the crack of another photo over a crop of the same size; give picture and mask.

    The donor gives, pixel for pixel, how much darker its crack is than what surrounds it; the crop
    is darkened as much. None where the donor has no crack, or one too faint or too wide to be told
    from its surroundings.
    """
    around = _surroundings(donor, mask) if mask.any() else None
    if around is None:
        return None
    relief = np.clip(donor / np.maximum(around, 8), 0.02, 1.05)
    crack = mask > 0
    depth = 1 - float(relief[crack].mean())
    if depth < _FAINTEST_RELIEF:
        return None
    relief = relief ** np.float32(rng.uniform(0.8, 1.5))
    near = Image.fromarray(mask).filter(ImageFilter.MaxFilter(3))
    weight = _coverage(near.filter(ImageFilter.GaussianBlur(0.8)))[..., None]
    laid = pixels * (1 + weight * (relief - 1))
    return np.clip(laid, 0, 255).astype(np.uint8), mask


def _surroundings(donor: Pixels, mask: Pixels) -> Floats | None:
    """Give what a photo would look like without its crack, (height, width, 3), coarsely: block
    means of the pixels that are not crack, smoothly joined. None where nearly all is crack.
    """
    height, width = mask.shape
    block = _RELIEF_BLOCK
    apart = np.asarray(Image.fromarray(mask).filter(ImageFilter.MaxFilter(5))) == 0
    if apart.mean() < 0.3:
        return None
    blocks = (height // block, block, width // block, block)
    counts = apart.reshape(blocks).sum(axis=(1, 3))
    sums = (donor * apart[..., None]).reshape((*blocks, 3)).sum(axis=(1, 3), dtype=np.float32)
    mean = sums.sum(axis=(0, 1)) / counts.sum()
    few = counts < block * block // 8
    means = np.where(few[..., None], mean, sums / np.maximum(counts, 1)[..., None])
    small = Image.fromarray(np.clip(means, 0, 255).astype(np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _crack_path(width: int, height: int, rng: np.random.Generator) -> list[Point]:
    """Walk across the crop: a heading that drifts back to its aim, with jagged steps."""
    side = max(width, height)
    aim = rng.uniform(0, _DIRECTIONS)
    step = side / rng.uniform(20, 50)
    centre = np.array([width, height]) * rng.uniform(0.25, 0.75, 2)
    count = int(rng.uniform(0.5, 1.6) * side / step)
    jag = rng.uniform(0.2, 0.7)
    heading = aim + np.cumsum(rng.normal(0, 0.18, count)) * 0.6 + rng.normal(0, jag, count)
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * step
    path = np.cumsum(steps, axis=0)
    path += centre - path[count // 2]
    return [(float(x), float(y)) for x, y in path]


def _branch(trunk: Sequence[Point], rng: np.random.Generator) -> list[Point]:
    start = int(rng.integers(0, max(1, len(trunk) - 2)))
    turn = float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.1))
    cosine, sine = np.cos(turn), np.sin(turn)
    x0, y0 = trunk[start]
    length = int(rng.integers(3, max(4, len(trunk) // 2)))
    return [
        (x0 + (x - x0) * cosine - (y - y0) * sine, y0 + (x - x0) * sine + (y - y0) * cosine)
        for x, y in trunk[start : start + length]
    ]


def _widths(count: int, thickness: float, rng: np.random.Generator) -> list[float]:
    wobble = np.exp(np.cumsum(rng.normal(0, 0.12, count)) * 0.5 + rng.normal(0, 0.15, count))
    taper = np.clip(np.minimum(np.arange(count), np.arange(count)[::-1]) / 4, 0.4, 1)
    return [float(w) for w in np.clip(thickness * wobble * taper, 0.4, 14)]


def _line_across(width: int, height: int, angle: float, offset: float) -> list[Point]:
    reach = 2.0 * max(width, height)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([abs(np.sin(angle)), abs(np.cos(angle))]) * offset
    return [(float(p[0]), float(p[1])) for p in (across - along * reach, across + along * reach)]


def _strokes(
    size: tuple[int, int],
    strokes: Sequence[tuple[Sequence[Point], Sequence[float]]],
    *,
    blur: float,
) -> Floats:
    """Draw polylines with a width per segment; give their coverage 0–1, (height, width)."""
    scale = _SUPERSAMPLING
    image = Image.new("L", (size[0] * scale, size[1] * scale))
    draw = ImageDraw.Draw(image)
    for points, widths in strokes:
        scaled = [(x * scale, y * scale) for x, y in points]
        for i, (start, end) in enumerate(pairwise(scaled)):
            pen = widths[min(i, len(widths) - 1)] * scale
            fill = 255 if pen >= 1 else int(255 * pen)
            draw.line((*start, *end), fill=fill, width=max(1, round(pen)))
    if blur > 0.2:
        image = image.filter(ImageFilter.GaussianBlur(blur * scale))
    return _coverage(image.reduce(scale))


def _coverage(image: Image.Image) -> Floats:
    """Turn grey levels into shares 0–1."""
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def _shade(pixels: Pixels, layer: Floats, strength: float, tint: Floats | None = None) -> Pixels:
    """Darken (strength < 0) towards black or lighten towards white where the layer covers."""
    weight = layer[..., None] * abs(strength)
    if tint is not None:
        weight = weight * tint
    target = 0.0 if strength < 0 else 255.0
    return (pixels + (target - pixels) * weight).astype(np.uint8)
