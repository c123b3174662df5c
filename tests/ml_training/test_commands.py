import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from ml_training import read_facts
from ml_training.__main__ import main
from ml_training.contracts import ModelFileError
from ml_training.machine import threads
from tests.ml_training.conftest import draw_wall
from tests.ml_training.test_cards import refuse_other_cards

if TYPE_CHECKING:
    from ml_training.runs import Run

pytestmark = pytest.mark.keras


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six good photos in two folders, five files that are none, and a hidden one."""
    place = tmp_path / "photos"
    (place / "deep" / "er").mkdir(parents=True)
    for i in range(6):
        target = place / "deep" / "er" if i % 2 else place
        draw_wall(i, cracked=i % 2 == 0).save(target / f"good-{i}.jpg")
    whole = (place / "good-0.jpg").read_bytes()
    (place / "cut.jpg").write_bytes(whole[: len(whole) // 3])
    (place / "empty.jpg").touch()
    (place / "text.jpg").write_text("not a photo", encoding="utf-8")
    draw_wall(0, cracked=False, width=40, height=40).save(place / "tiny.png")
    draw_wall(0, cracked=False).save(place / "moving.gif")
    (place / ".hidden.jpg").write_bytes(whole)
    return place


def predict(*arguments: str | Path) -> list[dict[str, str]]:
    out = Path(arguments[-1])
    assert main(["predict", *map(str, arguments[:-1]), "--out", str(out)]) == 0
    with out.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_file_of_a_folder_gets_a_row_and_bad_ones_a_sentence(
    folder: Path, tmp_path: Path
) -> None:
    rows = predict(folder, tmp_path / "results.csv")
    good = [row for row in rows if not row["error"]]
    assert (len(rows), len(good)) == (11, 6)
    assert {row["width_px"] for row in good} == {"320"}
    assert all(0 <= float(row["score"]) <= 1 and row["verdict"] for row in good)
    assert all(row["error"].endswith(".") and not row["score"] for row in rows if row["error"])


def test_a_missing_file_is_a_row_too(folder: Path, tmp_path: Path) -> None:
    rows = predict(tmp_path / "absent.jpg", folder / "good-0.jpg", tmp_path / "results.csv")
    assert [bool(row["error"]) for row in rows] == [True, False]


def test_maps_and_json_lines_come_when_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(folder / "good-0.jpg", "--json", "--maps", tmp_path / "maps", tmp_path / "results.csv")
    line = json.loads(capsys.readouterr().out)
    assert {"score", "verdict", "regions"} <= set(line)
    assert [f.name for f in (tmp_path / "maps").iterdir()] == ["00001-good-0.png"]


def test_a_folder_that_is_no_model_is_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["predict", str(folder), "--model", str(tmp_path), "--out", str(tmp_path / "r.csv")]
    )
    assert code == 1
    assert "has no SHA256SUMS" in capsys.readouterr().err


def test_a_training_by_command_gives_a_model_that_evaluate_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_set(tmp_path / "data")
    monkeypatch.setattr("ml_training.runs.load_run", lambda _name: small_run())
    data, model = str(tmp_path / "data"), str(tmp_path / "model")
    work = ["--work", str(tmp_path / "work")]
    assert main(["train", "--data", data, "--run", "any", "--out", model, *work]) == 0
    learned = read_facts(Path(model)).card
    refuse_other_cards(learned)
    assert learned["threads"] == threads()
    speed = tmp_path / "speed.json"
    speed.write_text(json.dumps({"machine": "a bench", "sizes": {"2 MP": {"tiles": SPEED}}}))
    beside = ["--beside", model, "--speed", str(speed), "--out", str(tmp_path / "page")]
    assert main(["evaluate", "--model", model, "--data", data, *beside]) == 0
    card = (tmp_path / "page" / "card.md").read_text(encoding="utf-8")
    assert "| walls | by-command | 4 | 4 |" in card
    assert "on a bench" in card
    assert re.search(r"[1-9]\d* threads within and [1-9]\d* between operations, at most", card)
    figures = json.loads((tmp_path / "page" / "figures.json").read_text(encoding="utf-8"))
    assert figures["walls"]["photos"] == 8
    with Image.open(tmp_path / "work" / "by-command-examples.png") as examples:
        assert examples.width == 6 * 224
    assert "Worst mistakes" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


def test_weights_are_calibrated_anew_only_beside_the_photos_they_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model, anew = tmp_path / "data", tmp_path / "model", tmp_path / "anew"
    write_small_set(data)
    run = small_run()
    other = replace(run, name="anew", sides=(96, 128), strongest_cells=(2, 4), held_out_share=0.3)
    monkeypatch.setattr("ml_training.runs.load_run", {"one": run, "other": other}.__getitem__)
    given = ["--data", str(data), "--work", str(tmp_path / "work")]
    assert main(["train", *given, "--run", "one", "--out", str(model)]) == 0
    again = ["calibrate", *given, "--model", str(model), "--out", str(anew), "--run", "other"]
    assert main(again) == 1, "With a third held out it would measure what was learned."
    assert "do not give the photos by-command learned from" in capsys.readouterr().err
    monkeypatch.setattr("ml_training.runs.load_run", lambda _: replace(other, held_out_share=0.0))
    assert main(again) == 0
    before, after = read_facts(model), read_facts(anew)
    assert after.weights_sha256 == before.weights_sha256
    assert (after.name, after.card["weights_of"]) == ("anew", "by-command")
    assert after.card["near_duplicates"] == {}
    served = json.loads((anew / "thresholds.json").read_text(encoding="utf-8"))
    assert served["sides"] == [96, 128]
    more = ["--model", str(anew), "--out", str(tmp_path / "more")]
    assert main(["calibrate", *given, "--run", "other", *more]) == 0
    assert read_facts(tmp_path / "more").card["weights_of"] == "by-command"


SPEED = dict.fromkeys(("photos_a_second", "p50", "p95", "first_answer", "memory_mb"), 1.0)


def write_small_set(folder: Path) -> None:
    folder.mkdir()
    rows = ["path,label,group,source,role"]
    for i in range(24):
        draw_wall(i, cracked=i % 2 == 0, width=128, height=96).save(folder / f"{i}.jpg")
        role = "dev" if i >= 16 else "train"
        rows.append(f"{i}.jpg,{'crack' if i % 2 == 0 else 'clear'},group-{i // 2},walls,{role}")
    (folder / "index.csv").write_text("\n".join(rows), encoding="utf-8")


def small_run() -> "Run":
    from ml_training.architecture import Architecture
    from ml_training.runs import Phase, Run

    return Run(
        "by-command",
        architecture=Architecture(kind="small", frozen_until=""),
        phases=(Phase(4, sides=(64,)), Phase(4, sides=(64,), mine_hard=True)),
        batch_pixels=8 * 64 * 64,
        held_out_share=0.0,
        sides=(64, 128),
    )


def test_a_weights_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    from ml_training.backbone import convert

    (tmp_path / "weights.pth").write_bytes(b"\x80\x02cos\nsystem\nq\x00.")
    with pytest.raises(ModelFileError, match="it is not a state file"):
        convert(tmp_path / "weights.pth", tmp_path / "out.keras")
