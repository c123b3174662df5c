import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

READ = "from inspection_site import settings; print(settings.SECRET_KEY)"


def read_settings(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {f"HAIRLINE_{name}": value for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-c", READ],
        env={**os.environ, "HAIRLINE_DATA": str(folder), **own},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ENGINE", "torch", "keras, stub"),
        ("SWEEP_SECONDS", "0", "1"),
        ("DEBUG", "maybe", "boolean"),
    ],
)
def test_a_bad_value_is_refused_with_variable_value_and_what_is_allowed(
    tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    refusal = read_settings(tmp_path, **{name: value}).stderr.splitlines()[-1]
    assert f"HAIRLINE_{name}" in refusal
    assert repr(value) in refusal
    assert allowed in refusal


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = (read_settings(tmp_path).stdout.strip() for _ in range(2))
    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_no_two_sites_share_a_key(tmp_path: Path) -> None:
    keys = {read_settings(tmp_path / name).stdout for name in ("one", "two")}
    assert len(keys) == 2
