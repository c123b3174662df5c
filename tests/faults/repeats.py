"""How often the faults strike: seldom in `./dev test`, as the plan has it in a thorough run.

HAIRLINE_THOROUGH=1 (`./dev faults --thorough`) asks for the plan's numbers; HAIRLINE_SCALE makes
them smaller, never fewer than in the short run.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest

from tests.faults.figures import scaled

Test = TypeVar("Test", bound=Callable[..., Any])

THOROUGH = os.environ.get("HAIRLINE_THOROUGH") == "1"
LIMIT = 3600 if THOROUGH else 600
"""Seconds after which a test is given up as a whole."""


def times(quick: int, thorough: int) -> int:
    """A count within a test: of photos, pairs, kills."""
    return max(quick, scaled(thorough)) if THOROUGH else quick


def repeated(thorough: int) -> Callable[[Test], Test]:
    """Let a test run so many times in a thorough run, each with a visit of its own, else once."""

    def mark(test: Test) -> Test:
        if not THOROUGH:
            return test
        rounds = range(1, times(1, thorough) + 1)
        uses = pytest.mark.usefixtures("repetition")
        return cast(Test, uses(pytest.mark.parametrize("repetition", rounds, indirect=True)(test)))

    return mark
