"""R07: another number of threads may round otherwise, and ranks alike."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.keras


def trained(threads: int) -> Any:
    """Train the small network in a process of its own; return what it says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ml_training.small_training", str(threads)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_trained_with_one_thread_and_with_two_it_ranks_alike_and_says_with_how_many() -> None:
    one, two = trained(1), trained(2)
    for count, told in ((1, one["threads"]), (2, two["threads"])):
        assert (told["intra_op"], told["inter_op"]) == (count, count)
        assert told["environment"]["OMP_NUM_THREADS"] == str(count)
    assert one["auc"] > 0.8, "It has learned something."
    assert abs(one["auc"] - two["auc"]) <= 0.005
