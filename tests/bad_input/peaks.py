"""`python -m tests.bad_input.peaks FOLDER`: how much memory each file of a folder takes to be read.

A fresh process, because memory that another test left free would be taken before any is counted.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bad_input import fuzz
from tests.bad_input.crashes import KINDS

Peak = tuple[str, int]
"""How it ended, and by how many bytes the process grew at its most."""


def of_files(folder: Path) -> dict[str, Peak]:
    """Measure every file of the folder, by its name."""
    command = [sys.executable, "-m", "tests.bad_input.peaks", str(folder)]
    done = subprocess.run(command, capture_output=True, check=True)
    return {name: (outcome, grown) for name, (outcome, grown) in json.loads(done.stdout).items()}


def _peak(path: Path) -> Peak:
    answer, died = fuzz.contained(lambda: _decoded(path))
    return (died, 0) if died else (answer[0], answer[1])


def _decoded(path: Path) -> Peak:
    before = _most()
    return fuzz.decode(path), _most() - before


def _most() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _load_decoders() -> None:
    """Load them once: a library that comes with the first photo of a kind is no photo's memory."""
    with tempfile.NamedTemporaryFile() as file:
        for build in KINDS.values():
            Path(file.name).write_bytes(build())
            fuzz.decode(Path(file.name))


if __name__ == "__main__":
    _load_decoders()
    json.dump({path.name: _peak(path) for path in Path(sys.argv[1]).iterdir()}, sys.stdout)
