"""Failpoints are nothing in a running site, and complete under test."""

import ast
import subprocess
import sys
from pathlib import Path

from classifier import failpoints
from tests.conventions.source import ROOT, complaint, files, python_files, read, tree

NAMES_A_POINT = "failpoints.hit("


def points_in_the_code() -> list[str]:
    calls = [
        node
        for path in python_files("classifier", "inspection_site", "ml_training")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.hit"
    ]
    return [ast.literal_eval(call.args[0]) for call in calls]


def test_every_point_is_in_the_code_once() -> None:
    assert sorted(points_in_the_code()) == sorted(failpoints.POINTS)


def test_no_setting_of_the_site_arms_a_point(tmp_path: Path) -> None:
    """With the site's own settings, `hit` is the function that does nothing, whatever is set."""
    (tmp_path / "failpoints").mkdir()
    (tmp_path / "failpoints" / "always-W5-any").write_text("kill")
    code = (
        "from classifier import failpoints; failpoints.hit('W5'); print(failpoints.hit.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "inspection_site.settings",
            "HAIRLINE_DATA": str(tmp_path),
            "HAIRLINE_FAULTS": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "classifier.failpoints"


def test_nothing_in_the_product_replaces_the_function() -> None:
    found = [
        str(path)
        for path in files()
        if path.suffix == ".py" and path.parts[0] != "tests" and "failpoints.hit =" in read(path)
    ]
    assert not found, complaint("Only the settings of the fault tests arm failpoints:", found)


def test_the_image_ships_without_the_settings_that_arm_them() -> None:
    assert "COPY tests" not in read(Path("Dockerfile"))
