"""The drawing of places: to scale, north on top, whole on its paper."""

import math

import pytest

from classifier import location_map
from classifier.location_map import HEIGHT, WIDTH, draw, round_length


def test_without_places_there_is_no_map() -> None:
    assert draw(None, []) is None


def test_one_place_lies_in_the_middle() -> None:
    drawn = draw((47.0, 8.0), [])
    assert drawn
    assert drawn.structure == (WIDTH / 2, HEIGHT / 2)


def test_the_bar_measures_the_distance_between_two_photos() -> None:
    """A thousandth of a degree of latitude is 111 m."""
    drawn = draw(None, [((47.0, 8.0), True), ((47.001, 8.0), False)])
    assert drawn
    (x1, south, _), (x2, north, _) = drawn.photos
    assert (x1, north < south) == (x2, True)
    metres = float(drawn.bar_label.removesuffix(" m"))
    assert (south - north) / drawn.bar * metres == pytest.approx(111.2, rel=0.01)


def test_a_degree_of_longitude_shrinks_towards_the_pole() -> None:
    drawn = draw(None, [((60.0, 8.0), True), ((60.0, 8.002), True), ((60.001, 8.0), True)])
    assert drawn
    (x, y, _), (east, _, _), (_, north, _) = drawn.photos
    assert east - x == pytest.approx(2 * math.cos(math.radians(60)) * (y - north), abs=0.05)


@pytest.mark.parametrize("places", [[(47.0, 8.0), (47.2, 8.5)], [(10.0, 179.99), (10.0, -179.99)]])
def test_every_place_is_on_the_paper(places: list[location_map.Degrees]) -> None:
    drawn = draw(places[0], [(place, True) for place in places])
    assert drawn
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y, _ in drawn.photos)
    assert "k" not in drawn.bar_label or places[0][0] == 47.0


@pytest.mark.parametrize(("most", "length"), [(7.3, 5), (0.9, 0.5), (100, 100), (2600, 2000)])
def test_the_bar_has_a_round_length(most: float, length: float) -> None:
    assert round_length(most) == pytest.approx(length)
