"""The colours in which evidence lies over a photo."""

from __future__ import annotations

import math
from functools import cache

# From a pale amber to a deep red-orange, in even steps of OKLCH lightness (Ottosson 2020): equal
# differences in evidence look equally large, and the strongest stand out on grey concrete.
_PALE, _DEEP = (0.86, 0.13, 84.0), (0.56, 0.225, 31.0)
_SHOWN_FROM, _STRONGEST_ALPHA = 0.10, 0.86


@cache
def palette() -> tuple[bytes, bytes]:
    """Give red, green and blue of each of 256 evidences, one after the other, and their alphas."""
    rows = [_colour(value / 255) for value in range(256)]
    return bytes(channel for row in rows for channel in row[:3]), bytes(row[3] for row in rows)


def _colour(evidence: float) -> tuple[int, int, int, int]:
    lightness, chroma, hue = (a + evidence * (b - a) for a, b in zip(_PALE, _DEEP, strict=True))
    shown = max(0.0, (evidence - _SHOWN_FROM) / (1 - _SHOWN_FROM))
    alpha = _STRONGEST_ALPHA * shown**0.7
    return (*_srgb_of_oklch(lightness, chroma, math.radians(hue)), round(255 * alpha))


def _srgb_of_oklch(lightness: float, chroma: float, hue: float) -> tuple[int, int, int]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _encoded(light: float) -> int:
    """A linear channel as an sRGB byte (IEC 61966-2-1)."""
    light = min(max(light, 0.0), 1.0)
    value = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * value)
