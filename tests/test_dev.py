"""`./dev` on machines that lack something."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def dev(*arguments: str, folder: Path = ROOT, path: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        ["/bin/sh", str(folder / "dev"), *arguments],
        env=None if path is None else {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """Return a copy of the entry and, in `bin`, nothing but what every system has."""
    for name in ("dev", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("cat", "cmp", "dirname"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def fake_python(machine: Path, script: str) -> None:
    (machine / "bin" / "python3").write_text(f"#!/bin/sh\n{script}\n")
    (machine / "bin" / "python3").chmod(0o755)


def test_the_bare_entry_prints_help() -> None:
    code, output = dev()
    assert code == 0
    assert "./dev run" in output


def test_an_unknown_command_is_named() -> None:
    code, output = dev("dance")
    assert code == 1
    assert "There is no ./dev dance." in output


def test_a_missing_python_is_said_in_a_sentence(bare_machine: Path) -> None:
    code, output = dev("run", folder=bare_machine, path=str(bare_machine / "bin"))
    assert code == 1
    assert "needs Python 3.11, 3.12 or 3.13; found: none." in output.replace("\n", " ")


def test_an_old_python_is_named_with_its_version(bare_machine: Path) -> None:
    fake_python(bare_machine, 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    code, output = dev("run", folder=bare_machine, path=str(bare_machine / "bin"))
    assert code == 1
    assert "found: Python 3.9.2." in output


def test_a_python_without_venv_names_the_package(bare_machine: Path) -> None:
    fake_python(bare_machine, "case $2 in *ensurepip*) exit 1 ;; esac")
    code, output = dev("run", folder=bare_machine, path=str(bare_machine / "bin"))
    assert code == 1
    assert "apt-get install python3-venv" in output


def test_the_entry_is_plain_sh() -> None:
    checked = subprocess.run(["/bin/sh", "-n", str(ROOT / "dev")], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
