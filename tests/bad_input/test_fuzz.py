"""The fuzzer itself: it changes files, sees what becomes of them, and finds a planted fault."""

import random
from pathlib import Path

import pytest

from tests.bad_input import fuzz
from tests.bad_input.pictures import jpeg


def test_a_few_seconds_of_fuzzing_find_nothing(tmp_path: Path) -> None:
    outcomes = fuzz.fuzz(0.05, tmp_path, seed=6)
    tried = {outcome for outcome, count in outcomes.items() if count}
    assert tried
    assert tried <= set(fuzz.ALLOWED)


def test_a_fault_is_found_and_its_input_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(fuzz, "inspect", fail)
    outcomes = fuzz.fuzz(0.01, tmp_path, seed=6)
    assert any("planted" in outcome for outcome in outcomes)
    assert list(tmp_path.glob("*.bin"))


def test_changes_differ_and_repeat_with_their_seed() -> None:
    first, again = (
        [fuzz.changed(jpeg(), b"abc", random.Random(seed)) for seed in range(20)] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == 20


def test_the_files_of_a_folder_are_tried_as_they_are(tmp_path: Path) -> None:
    """B095."""
    (tmp_path / "good.jpg").write_bytes(jpeg())
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "text.tif").write_bytes(b"no photo")
    assert fuzz.given(tmp_path) == {"decoded": 1, "refused": 1}
