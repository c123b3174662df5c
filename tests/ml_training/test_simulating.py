"""A simulation of reviews on a small drawn site."""

import csv
import json
from pathlib import Path

import pytest

from ml_training import RELEASED
from ml_training.__main__ import main
from ml_training.simulating import Piece
from ml_training.simulation_table import table, verdict
from tests.ml_training.conftest import draw_wall

SHARES = {"metu": (0.99, 0.97), "walls": (0.9, 0.91)}


def piece(reviews: int, order: str, after: float) -> Piece:
    return Piece("brick", 1, order, reviews, 4, 50, (0.5, after), (0.8, 0.9), SHARES)


def test_the_table_and_the_verdict_tell_misses_and_what_was_lost() -> None:
    pieces = [piece(100, "chosen", 0.7), piece(100, "chosen", 0.8), piece(100, "random", 0.6)]
    assert "| brick | 100 | chosen | 2 | 0.500 | 0.750 | 50 % (40, 60) |" in table(pieces)
    assert "50 % fewer misses after 100 chosen reviews (bar 40 %, reached)" in verdict(pieces)
    assert "metu changes most, by -0.0200 AUC (bar −0.01, not reached)" in verdict(pieces)


def test_a_site_that_was_not_reviewed_so_far_gets_no_verdict() -> None:
    assert verdict([piece(50, "chosen", 0.7)]) == ""


@pytest.mark.keras
@pytest.mark.timeout(800)
def test_a_stopped_simulation_goes_on_from_its_pieces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index.csv"
    with index.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group", "source", "role"])
        for number in range(32):
            cracked, old = number % 2 == 0, number < 8
            label = "crack" if cracked else "clear"
            (tmp_path / label).mkdir(exist_ok=True)
            name = f"{label}/{number // 2}.jpg"
            draw_wall(number, cracked=cracked).save(tmp_path / name)
            place = ["old", "train"] if old else ["site", "dev"]
            rows.writerow([name, label, f"group {number}", *place])
    ask = ["simulate-reviews", "--data", str(index), "--work", str(tmp_path / "work"), "--quick"]
    ask += ["--model", str(RELEASED), "--sites", "site", "--counts", "8"]
    assert main([*ask, "--orders", "chosen"]) == 0
    (looks,) = (tmp_path / "work").rglob("looks.json")
    assert len(json.loads(looks.read_text())) == 32, "Photos of one name are told apart."
    (kept,) = (tmp_path / "work").rglob("site-1-chosen-8.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"seconds": 12345.0}))
    assert main([*ask, "--minutes", "0"]) == 0
    told = capsys.readouterr()
    assert "in 12345 s" in told.err, "The finished piece is not computed again."
    assert "| site | 8 | chosen | 1 |" in told.out
    assert "random" not in told.out, "Nothing is begun after the time is up."
