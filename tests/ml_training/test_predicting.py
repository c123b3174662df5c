import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from ml_training.__main__ import main
from ml_training.contracts import EvidenceMap, PhotoAnswer
from ml_training.predicting import list_files

ANSWER = PhotoAnswer(0.25, "clear", (), EvidenceMap(2, 2, bytes(4)), 0.5)


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a classifier that answers every photo alike in place of the network."""
    classifier = SimpleNamespace(
        serving=SimpleNamespace(sides=(64,)), backend="none", judge=lambda *_, **__: ANSWER
    )
    monkeypatch.setattr("ml_training.inference.load_classifier", lambda *_, **__: classifier)
    return classifier


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (80, 80)).save(tmp_path / "photos" / "one.jpg")
    return tmp_path / "photos" / "one.jpg"


def predict(*arguments: str | Path, out: Path) -> int:
    return main(["predict", *map(str, arguments), "--out", str(out)])


def rows(out: Path) -> list[dict[str, str]]:
    with out.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_name_that_is_not_utf_8_is_written_escaped(photo: Path, tmp_path: Path) -> None:
    photo.rename(photo.with_name(os.fsdecode(b"Br\xfccke.jpg")))
    assert predict(photo.parent, out=tmp_path / "r.csv") == 0
    assert rows(tmp_path / "r.csv")[0]["path"].endswith(r"Br\udcfccke.jpg")


def test_folders_and_links_are_followed_once_and_in_order(photo: Path) -> None:
    folder = photo.parent
    (folder / "deep").mkdir()
    photo.rename(folder / "deep" / "two.jpg")
    (folder / "a-link").symlink_to(folder / "deep")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "broken.jpg").symlink_to(folder / "absent.jpg")
    (folder / "itself.jpg").symlink_to(folder / "itself.jpg")
    (folder / ".hidden.jpg").touch()
    names = [str(path.relative_to(folder)) for path in list_files([folder])]
    assert names == ["a-link/two.jpg", "broken.jpg", "itself.jpg"]


def test_what_is_no_readable_file_is_a_row(photo: Path, tmp_path: Path) -> None:
    os.mkfifo(photo.with_name("pipe"))
    photo.with_name("self").symlink_to("self")
    photo.with_name("lost").symlink_to("absent")
    places = (photo.parent, tmp_path / "nowhere", tmp_path / ("long" * 75))
    assert predict(*places, out=tmp_path / "r.csv") == 0
    errors = [row["error"] for row in rows(tmp_path / "r.csv")]
    assert errors == [
        "lost leads nowhere.",
        "",
        "pipe is neither a file nor a folder.",
        "self cannot be read: Too many levels of symbolic links.",
        "nowhere does not exist.",
        f"{'long' * 75} cannot be read: File name too long.",
    ]


def test_a_folder_that_cannot_be_read_is_a_row(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, listed = photo.with_name("closed"), Path.iterdir
    closed.mkdir()

    def iterdir(folder: Path) -> Iterator[Path]:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert predict(photo.parent, out=tmp_path / "r.csv") == 0
    assert [row["error"] for row in rows(tmp_path / "r.csv")] == [
        "The folder closed cannot be read: see who may list it.",
        "",
    ]


def test_a_photo_cut_off_is_named_and_keeps_its_size(photo: Path, tmp_path: Path) -> None:
    Image.effect_noise((80, 80), 50).convert("RGB").save(photo)
    photo.write_bytes(photo.read_bytes()[:-900])
    assert predict(photo, out=tmp_path / "r.csv") == 1, "Not one file could be judged."
    row = rows(tmp_path / "r.csv")[0]
    assert row["error"].startswith("one.jpg is cut off")
    assert (row["width_px"], row["score"]) == ("80", "")


def test_json_gives_numbers_and_null(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(photo, "absent.jpg", "--json", out=tmp_path / "r.csv")
    judged, absent = map(json.loads, capsys.readouterr().out.splitlines())
    assert (judged["score"], judged["regions"], judged["width_px"]) == (0.25, [], 80)
    assert (judged["error"], absent["score"], absent["verdict"]) == (None, None, None)


def test_maps_of_long_names_are_cut_and_one_that_fails_ends_nothing(
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo.rename(photo.with_name("ü" * 125 + ".jpg"))
    assert predict(photo.parent, "--maps", tmp_path / "maps", out=tmp_path / "r.csv") == 0
    assert [f.name for f in (tmp_path / "maps").iterdir()] == [f"00001-{'ü' * 100}.png"]

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ml_training.predicting.write_map", full)
    assert predict(photo.parent, "--maps", tmp_path / "maps", out=tmp_path / "r.csv") == 0
    assert "has no map: No space left on device." in capsys.readouterr().err


def test_a_second_run_judges_neither_its_table_nor_its_maps(photo: Path) -> None:
    folder = photo.parent
    for _ in range(2):
        assert predict(folder, "--maps", folder / "maps", out=folder / "r.csv") == 0
    assert [row["path"] for row in rows(folder / "r.csv")] == [str(photo)]


def test_a_photo_is_never_overwritten_by_the_table(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    assert predict(photo, out=photo) == 1
    assert "one.jpg holds something else than a table" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_nothing_to_judge_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(tmp_path, out=tmp_path / "r.csv") == 1
    assert "There is no file to judge" in capsys.readouterr().err
