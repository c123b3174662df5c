"""The import contracts of pyproject.toml, and the one exception among them."""

import re
import subprocess
import sys

from tests.conventions.source import ROOT, complaint, python_files, read

TOLD = "ml_training/machine.py"
"""Writes into the card what TensorFlow reads, so that it is seen."""
READS = re.compile(r"os\.environ\.get|getenv|environ\[[^]]*\](?!\s*=[^=])")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_the_imports_keep_the_contracts() -> None:
    command = [sys.executable, "-c", LINT, "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    why = "The contracts of pyproject.toml keep rules in workflows and Keras behind one door:"
    assert done.returncode == 0, f"{why}\n{done.stdout}{done.stderr}"


def test_the_classifier_reads_no_environment() -> None:
    reading = (str(path) for path in python_files("ml_training") if READS.search(read(path)))
    found = [path for path in reading if path != TOLD]
    why = "A run is what its arguments say; a variable would make two runs differ unseen:"
    assert not found, complaint(why, found)
