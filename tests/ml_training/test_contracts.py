import pickle
import subprocess
import sys

import pytest

from ml_training.contracts import PhotoRefused, Thresholds


@pytest.mark.parametrize("module", ["ml_training", "ml_training.photos", "ml_training.contracts"])
def test_importing_the_public_face_loads_no_tensors(module: str) -> None:
    heavy = {"keras", "tensorflow", "numpy", "openvino"}
    code = f"import sys, {module}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_can_be_fetched() -> None:
    code = "import ml_training; [getattr(ml_training, name) for name in ml_training.__all__]"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_a_verdict_follows_the_two_thresholds() -> None:
    thresholds = Thresholds(clear_below=0.3, flagged_from=0.7)
    assert [thresholds.verdict(s) for s in (0.29, 0.3, 0.69, 0.7)] == [
        "clear",
        "undecided",
        "undecided",
        "flagged",
    ]


def test_a_refusal_survives_the_way_between_processes() -> None:
    refusal = pickle.loads(pickle.dumps(PhotoRefused("size", "Too large.", 413)))  # noqa: S301 - our own bytes
    assert (refusal.code, str(refusal), refusal.http_status) == ("size", "Too large.", 413)
