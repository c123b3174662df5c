"""The web process stays light: Keras costs it 3 to 8 seconds and half a gigabyte a worker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conventions.source import ROOT

HEAVY = ("tensorflow", "keras", "numpy", "openvino")
REPORT = "import sys; print([name for name in {heavy} if name in sys.modules])"


def heavy_modules_after(statement: str, data: Path) -> str:
    code = f"{statement}; {REPORT.format(heavy=HEAVY)}"
    environment = {
        **os.environ,
        "HAIRLINE_DATA": str(data),
        "HAIRLINE_ENGINE": "keras",
        "DJANGO_SETTINGS_MODULE": "inspection_site.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_web_process_loads_no_tensors(tmp_path: Path) -> None:
    start = (
        "import inspection_site.wsgi; from django.urls import get_resolver;"
        "get_resolver().url_patterns"  # the views are imported with the first request
    )
    assert heavy_modules_after(start, tmp_path) == "[]", __doc__


@pytest.mark.parametrize("module", ["ml_training", "ml_training.photos", "ml_training.contracts"])
def test_the_face_of_the_classifier_is_light(module: str, tmp_path: Path) -> None:
    assert heavy_modules_after(f"import {module}", tmp_path) == "[]", __doc__
