"""Where photos were taken, as a plain drawing to scale: no tiles, no other server.

The drawing is a local projection: degrees become metres on a sphere around the middle of all
places, good to a few parts in a thousand over the kilometres of one inspection.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

METRES_PER_DEGREE = 111_195
WIDTH, HEIGHT, MARGIN = 170.0, 80.0, 12.0
"""Millimetres on paper."""
LEAST_EXTENT = 20.0
"""Metres; photos that are nearer to each other than a phone can tell are not pulled apart."""

Degrees = tuple[float, float]
"""Latitude and longitude."""


@dataclass(frozen=True)
class LocationMap:
    """Points in millimetres from the left and the top, and a bar that says how long a metre is."""

    structure: tuple[float, float] | None
    photos: list[tuple[float, float, bool]]
    """The third value: whether the photo has a place of its own in the report."""
    bar: float
    bar_label: str
    width: float = WIDTH
    height: float = HEIGHT


def draw(structure: Degrees | None, photos: Iterable[tuple[Degrees, bool]]) -> LocationMap | None:
    """Lay the places out with north on top; None without any."""
    photos = list(photos)
    places = [place for place, _ in photos] + ([structure] if structure else [])
    if not places:
        return None
    origin = places[0]
    flat = [_metres(place, origin) for place in places]
    (left, right), (low, high) = (_extent(axis) for axis in zip(*flat, strict=True))
    scale = min((WIDTH - 2 * MARGIN) / (right - left), (HEIGHT - 2 * MARGIN) / (high - low))

    def placed(place: Degrees) -> tuple[float, float]:
        east, north = _metres(place, origin)
        x = WIDTH / 2 + scale * (east - (left + right) / 2)
        return round(x, 2), round(HEIGHT / 2 - scale * (north - (low + high) / 2), 2)

    metres = round_length(WIDTH / 4 / scale)
    return LocationMap(
        structure=placed(structure) if structure else None,
        photos=[(*placed(place), shown) for place, shown in photos],
        bar=round(metres * scale, 2),
        bar_label=f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km",
    )


def _metres(place: Degrees, origin: Degrees) -> tuple[float, float]:
    """East and north of `origin`; the shorter way round the globe."""
    east = (place[1] - origin[1] + 180) % 360 - 180
    shrunk = math.cos(math.radians(origin[0]))
    return east * METRES_PER_DEGREE * shrunk, (place[0] - origin[0]) * METRES_PER_DEGREE


def _extent(values: Iterable[float]) -> tuple[float, float]:
    values = list(values)
    middle = (min(values) + max(values)) / 2
    half = max(max(values) - min(values), LEAST_EXTENT) / 2
    return middle - half, middle + half


def round_length(most: float) -> float:
    """Return the greatest of 1, 2, 5, 10, 20, 50 … that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most)
