"""From an evidence map to regions: connected cells, each with its outline as a polygon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ml_training.contracts import Region

Floats = npt.NDArray[np.floating]
Cells = list[tuple[int, int]]
Corner = tuple[int, int]

MOST_REGIONS = 24
_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def find_regions(probabilities: Floats, *, from_probability: float) -> tuple[Region, ...]:
    """Give the regions at or above a probability, strongest first, at most `MOST_REGIONS`.

    `probabilities` is (rows, columns), 0–1. Outlines are in fractions of the map's width and
    height.
    """
    inside = probabilities >= from_probability
    found = [
        (max(float(probabilities[cell]) for cell in cells), cells) for cells in _components(inside)
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1][0]))
    return tuple(
        Region(outline=_outline(cells, probabilities.shape), score=min(1.0, score))
        for score, cells in found[:MOST_REGIONS]
    )


def _components(inside: npt.NDArray[np.bool_]) -> Iterator[Cells]:
    """Give groups of cells that touch, also at a corner."""
    waiting = {(int(y), int(x)) for y, x in np.argwhere(inside)}
    while waiting:
        first = waiting.pop()
        cells, border = [first], [first]
        while border:
            y, x = border.pop()
            for dy, dx in _AROUND:
                near = (y + dy, x + dx)
                if near in waiting:
                    waiting.remove(near)
                    cells.append(near)
                    border.append(near)
        yield sorted(cells)


def _outline(cells: Cells, shape: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    """Walk around a group of cells and join the middles of its edges: a polygon without hard
    corners.
    """
    corners = _walk(_bridged(cells))
    rows, columns = shape[0], shape[1]
    middles = [
        ((x0 + x1) / 2 / columns, (y0 + y1) / 2 / rows)
        for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    return tuple(_without_straight_points(middles))


def _bridged(cells: Cells) -> set[tuple[int, int]]:
    """Fill one cell beside every touch at a corner, so that one walk goes around the whole
    group.
    """
    filled = set(cells)
    for y, x in cells:
        for dx in (-1, 1):
            if (y + 1, x + dx) in filled and (y, x + dx) not in filled and (y + 1, x) not in filled:
                filled.add((y + 1, x))
    return filled


def _walk(cells: set[tuple[int, int]]) -> list[Corner]:
    """Give the outer border as corners, clockwise, starting at the top left cell."""
    start = min(cells)
    corner, heading = start, (0, 1)
    corners = [corner]
    while True:
        corner = (corner[0] + heading[0], corner[1] + heading[1])
        if corner == start:
            return corners
        corners.append(corner)
        heading = _next_heading(corner, heading, cells)


def _next_heading(corner: Corner, heading: Corner, cells: set[tuple[int, int]]) -> Corner:
    """Turn so that the inside stays on the right: left if a cell is ahead on the left, else on or
    right.
    """
    ahead_right, ahead_left = _cells_ahead(corner, heading)
    if ahead_left in cells:
        return -heading[1], heading[0]
    return heading if ahead_right in cells else (heading[1], -heading[0])


def _cells_ahead(corner: Corner, heading: Corner) -> tuple[Corner, Corner]:
    """Give the cells ahead of a corner, right and left of the heading (rows grow downwards)."""
    y, x = corner
    return {
        (0, 1): ((y, x), (y - 1, x)),
        (1, 0): ((y, x - 1), (y, x)),
        (0, -1): ((y - 1, x - 1), (y, x - 1)),
        (-1, 0): ((y - 1, x), (y - 1, x - 1)),
    }[heading]


def _without_straight_points(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    for i, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[i - 1], points[(i + 1) % len(points)]
        if abs((x - x0) * (y1 - y) - (y - y0) * (x1 - x)) > 1e-9:
            yield round(x, 5), round(y, 5)
