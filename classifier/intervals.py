"""How sure a count lets one be: exact intervals for a share, and the sample a wish needs."""

import math
from collections.abc import Callable
from statistics import NormalDist

CERTAINTY = 0.95
SMALLEST_SAMPLE = 20


def clopper_pearson(hits: int, of: int, *, certainty: float = CERTAINTY) -> tuple[float, float]:
    """Return the exact two-sided interval of a share after `hits` in `of` independent draws.

    The lower limit is the share at which as many hits or more come with probability α/2, the upper
    one that at which as many or fewer do. C. J. Clopper and E. S. Pearson, "The use of confidence
    or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934), 404–413.
    """
    _refuse_no_share(hits, of)
    tail = (1 - certainty) / 2
    low = 0.0 if hits == 0 else _root(lambda share: tail - _at_least(hits, of, share))
    high = 1.0 if hits == of else _root(lambda share: _at_most(hits, of, share) - tail)
    return low, high


def wilson(hits: int, of: int, *, certainty: float = CERTAINTY) -> tuple[float, float]:
    """Return the score interval of a share: nearly the exact one, and at once for large samples.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927), 209–212.
    """
    _refuse_no_share(hits, of)
    z = NormalDist().inv_cdf((1 + certainty) / 2)
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _refuse_no_share(hits: int, of: int) -> None:
    if not 0 <= hits <= of or of < 1:
        raise ValueError(f"hits must lie in 0…of, and of be at least 1. Received: {hits}, {of}")


def _root(falling: Callable[[float], float]) -> float:
    """Where a function that falls from above 0 to below 0 on 0…1 crosses it, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, of: int, share: float) -> float:
    return math.fsum(_probability(count, of, share) for count in range(hits + 1))


def _at_least(hits: int, of: int, share: float) -> float:
    return 1 - _at_most(hits - 1, of, share)


def _probability(hits: int, of: int, share: float) -> float:
    if share in (0.0, 1.0):
        return float(hits == of * share)
    ways = math.lgamma(of + 1) - math.lgamma(hits + 1) - math.lgamma(of - hits + 1)
    return math.exp(ways + hits * math.log(share) + (of - hits) * math.log1p(-share))


def sample_size(wished: float) -> int:
    """Return how many draws without a hit bring the interval's upper limit to `wished` or below."""
    needed = math.ceil(math.log((1 - CERTAINTY) / 2) / math.log1p(-wished))
    return max(needed, SMALLEST_SAMPLE)
