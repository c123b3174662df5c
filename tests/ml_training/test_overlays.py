import numpy as np

from ml_training import overlays
from tests.ml_training.conftest import draw_wall

SIDE = 96


def wall_with_a_crack(*, darker: float) -> tuple[np.ndarray, np.ndarray]:
    """Give a light wall with a crack of 3 px across it, and the mask."""
    pixels, mask = np.full((SIDE, SIDE, 3), 180, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    mask[40:43] = 255
    pixels[mask > 0] = round(180 * (1 - darker))
    return pixels, mask


def test_a_laid_crack_darkens_the_other_wall_as_it_darkened_its_own() -> None:
    wall = np.full((SIDE, SIDE, 3), 90, np.uint8)
    laid = overlays.lay_crack(wall, *wall_with_a_crack(darker=0.6), rng=np.random.default_rng(1))
    assert laid is not None
    pixels, mask = laid
    assert pixels[mask > 0].mean() < 0.6 * 90
    np.testing.assert_array_equal(pixels[50:], wall[50:])


def test_a_crack_that_is_hardly_darker_than_its_wall_is_not_laid() -> None:
    wall = np.asarray(draw_wall(1, cracked=False, width=SIDE, height=SIDE))
    faint = wall_with_a_crack(darker=0.03)
    assert overlays.lay_crack(wall, *faint, rng=np.random.default_rng(1)) is None


def test_a_donor_without_a_crack_is_not_laid() -> None:
    wall = np.full((64, 64, 3), 150, np.uint8)
    none = np.zeros((64, 64), np.uint8)
    assert overlays.lay_crack(wall, wall, none, rng=np.random.default_rng(1)) is None


def test_a_donor_that_is_nearly_all_crack_is_not_laid() -> None:
    wall, full = np.full((SIDE, SIDE, 3), 90, np.uint8), np.full((SIDE, SIDE), 255, np.uint8)
    assert overlays.lay_crack(wall, wall, full, rng=np.random.default_rng(1)) is None
