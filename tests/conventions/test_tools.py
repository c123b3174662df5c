"""The tools that `./dev check` runs, as tests: CI needs one command only."""

import subprocess
import sys

import pytest

from tests.conventions.source import ROOT


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def module(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", name, *arguments)


def test_the_code_is_formatted() -> None:
    done = module("ruff", "format", "--check", ".")
    assert done.returncode == 0, f"One style means no talk of style; ./dev fix.\n{done.stdout}"


def test_the_linter_finds_nothing() -> None:
    done = module("ruff", "check", "--output-format=concise", ".")
    assert done.returncode == 0, f"Likely mistakes, or a function of over 8 paths:\n{done.stdout}"


@pytest.mark.timeout(800)
def test_every_type_is_stated_and_right() -> None:
    done = module("mypy")
    assert done.returncode == 0, (
        f"mypy --strict is how a change finds all it breaks:\n{done.stdout}"
    )
