"""What a command says where it cannot do its work: one sentence, and never a traceback."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ml_training.__main__ import main
from ml_training.contracts import DatasetError


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stopped_in", "arguments", "sentence"),
    [
        ("_predict", ("predict", "one.jpg", "--out", "r.csv"), "are in r.csv; the same"),
        ("_evaluate", ("evaluate", "--data", "d", "--out", "o"), "begins anew"),
        ("_train", ("train", "--data", "d", "--out", "o"), "the last checkpoint"),
    ],
)
def test_a_stopped_command_says_what_the_same_command_will_do(
    stopped_in: str,
    arguments: Sequence[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(f"ml_training.__main__.{stopped_in}", interrupt)
    assert main(arguments) == 130
    assert sentence in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["synthesize", "--out", str(tmp_path / "file" / "folder")]) == 1
    assert capsys.readouterr().err == f"\n{tmp_path}/file/folder/photos: Not a directory.\n"


def test_no_photo_to_draw_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synthesize", "--count", "0", "--out", str(tmp_path / "new")]) == 1
    assert "has at least 1" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_ends_the_command() -> None:
    program = (
        "import sys; import ml_training.__main__ as m\n"
        "m._benchmark = lambda _: [print('x' * 99, flush=True) for _ in range(9999)]\n"
        "sys.exit(m.main(['benchmark']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == b""
    assert command.returncode == 1


@pytest.mark.keras
@pytest.mark.parametrize("content", ["not json", "[]", "{}"])
def test_speed_that_is_no_benchmark_is_named(tmp_path: Path, content: str) -> None:
    from ml_training.reporting import _read_speed

    (tmp_path / "speed.json").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"speed\.json is not what `benchmark --out` writes"):
        _read_speed(tmp_path / "speed.json")


def test_a_folder_with_something_in_it_is_not_drawn_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.jpg").touch()
    assert main(["synthesize", "--count", "1", "--out", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.keras
@pytest.mark.parametrize("command", ["train", "calibrate"])
def test_a_model_that_is_there_already_is_told_before_anything_is_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--data", str(tmp_path / "absent"), "--out", str(tmp_path)]) == 1
    assert f"The model folder {tmp_path.name} exists already" in capsys.readouterr().err


@pytest.mark.keras
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("--out", "file"), "file: File exists."),
        (("--out", "out", "--beside", "none"), "The model folder none has no SHA256SUMS"),
        (("--out", "out", "--speed", "absent.json"), "absent.json: No such file or directory."),
    ],
)
def test_evaluate_finds_wrong_arguments_before_it_measures(
    wrong: Sequence[str],
    sentence: str,
    small_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ml_training.reporting._judge", interrupt)
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("index.csv").write_text("path,label,group,source,role\na.jpg,crack,g,s,dev\n", "utf-8")
    assert main(["evaluate", "--model", str(small_folder), "--data", "index.csv", *wrong]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.keras
def test_evaluate_says_how_many_photos_it_leaves_out(
    small_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ml_training.reporting._judge", interrupt)
    monkeypatch.setattr(
        "ml_training.measuring.measured_examples", lambda examples, _card: examples[:1]
    )
    index, out = tmp_path / "index.csv", str(tmp_path / "out")
    rows = "".join(f"{i}.jpg,crack,g{i},s,train\n" for i in range(3))
    index.write_text(f"path,label,group,source,role\n{rows}", encoding="utf-8")
    arguments = ["evaluate", "--model", str(small_folder), "--data", str(index), "--out", out]
    assert main(arguments) == 130
    assert "Measuring 1 of 3 photos" in capsys.readouterr().err
