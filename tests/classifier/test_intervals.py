from collections.abc import Callable

import pytest

from classifier.intervals import clopper_pearson, sample_size, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # to four places, as tables and R's binom.test give them
        (0, 20, 0.0, 0.1684),
        (1, 20, 0.0013, 0.2487),
        (5, 100, 0.0164, 0.1128),
        (10, 10, 0.6915, 1.0),
        (3, 1000, 0.0006, 0.0087),
    ],
)
def test_the_exact_interval_is_that_of_the_tables(
    hits: int, of: int, low: float, high: float
) -> None:
    assert clopper_pearson(hits, of) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # to four places, as R's prop.test without continuity correction gives them
        (0, 20, 0.0, 0.1611),
        (1, 20, 0.0089, 0.2361),
        (5, 100, 0.0215, 0.1118),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilsons_interval_is_that_of_the_tables(
    hits: int, of: int, low: float, high: float
) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=6e-5)


def test_both_intervals_agree_on_large_samples_and_widen_with_certainty() -> None:
    assert wilson(300, 1000) == pytest.approx(clopper_pearson(300, 1000), abs=2e-3)
    (low, high), (lower, higher) = wilson(30, 100), wilson(30, 100, certainty=0.99)
    assert lower < low < high < higher


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_a_share_of_nothing_has_no_interval(
    interval: Callable[[int, int], tuple[float, float]],
) -> None:
    for hits, of in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(ValueError, match="Received"):
            interval(hits, of)


@pytest.mark.parametrize("wished", [0.01, 0.02, 0.05, 0.1])
def test_a_sample_without_a_hit_keeps_its_wish_and_one_photo_fewer_does_not(wished: float) -> None:
    size = sample_size(wished)
    assert clopper_pearson(0, size)[1] <= wished
    assert clopper_pearson(0, size - 1)[1] > wished


def test_a_sample_is_never_smaller_than_twenty() -> None:
    assert sample_size(0.5) == 20
