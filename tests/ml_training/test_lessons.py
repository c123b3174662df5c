"""Which windows of a reviewed photo are learned from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training import RELEASED
from ml_training.contracts import LabelledPhoto, RetrainRequest
from ml_training.dataset import group_draw
from ml_training.inference import load_classifier
from ml_training.lessons import (
    Job,
    _cleared_windows,
    _guessed,
    _strongest_within,
    _without,
    replay,
    review_windows,
    unseen,
)
from ml_training.serving import Calibration
from tests.ml_training.conftest import draw_wall

pytestmark = pytest.mark.keras


def windows(photo: LabelledPhoto) -> list[np.ndarray]:
    request = RetrainRequest((photo,), frozenset(), RELEASED, Path("out"), None, 1, 1, "job")
    job = Job(request, lambda _: None, lambda: False)
    return [pixels for _, pixels, _ in review_windows(load_classifier(RELEASED), [photo], job)]


def test_a_marked_crack_is_learned_from_where_it_is(tmp_path: Path) -> None:
    wall = draw_wall(3, cracked=False, width=960, height=720)
    wall.paste(Image.new("RGB", (60, 60), (0, 0, 200)), (780, 540))
    wall.save(tmp_path / "wall.png")
    photo = LabelledPhoto(tmp_path / "wall.png", True, "a", places=((0.8, 0.74, 0.9, 0.86),))
    (marked,) = windows(photo)
    assert blue(marked) > 0.1, "The window lies around the mark."
    (guess,) = windows(replace(photo, places=()))
    assert blue(guess) < 0.1, "Without a mark the map guesses once."


def test_a_dismissed_photo_teaches_where_it_looked_most_like_a_crack(tmp_path: Path) -> None:
    draw_wall(3, cracked=True, width=960, height=720).save(tmp_path / "wall.png")
    assert len(windows(LabelledPhoto(tmp_path / "wall.png", False, "a"))) == 4


def test_what_nobody_confirmed_is_no_crack_to_learn_from(tmp_path: Path) -> None:
    """The map of a released model is sure of few cells; the strongest of the others are guesses."""
    cells, cell = np.full((20, 30), 2.0, np.float32), Calibration(1.0, -3.0)
    photo = LabelledPhoto(Path("wall"), True, "a")
    assert len(_guessed(photo, cells, cell)) == 1, "Somewhere there has to be a crack."
    cells[2, 3] = cells[15, 25] = 3.5
    sure = [(2 * 16 + 8, 3 * 16 + 8), (15 * 16 + 8, 25 * 16 + 8)]
    assert _guessed(photo, cells, cell) == sure
    assert len(_guessed(replace(photo, cracked=False), cells, cell)) == 4
    box = (0.8, 0.74, 0.9, 0.86)
    for said in (replace(photo, places=(box,)), replace(photo, regions=(box,))):
        assert _guessed(said, cells, cell) == sure[1:], "Of what was confirmed, not of the rest."


def blue(pixels: np.ndarray) -> float:
    return float((pixels[..., 2].astype(int) - pixels[..., 0] > 100).mean())


@pytest.mark.parametrize("cracked", [True, False])
def test_a_region_is_learned_from_as_it_was_answered(tmp_path: Path, *, cracked: bool) -> None:
    wall = draw_wall(3, cracked=False, width=960, height=720)
    wall.paste(Image.new("RGB", (60, 60), (0, 0, 200)), (780, 540))
    wall.save(tmp_path / "wall.png")
    photo = LabelledPhoto(tmp_path / "wall.png", cracked, "a", regions=((0.8, 0.74, 0.9, 0.86),))
    request = RetrainRequest((photo,), frozenset(), RELEASED, Path("out"), None, 1, 1, "job")
    job = Job(request, lambda _: None, lambda: False)
    found = list(review_windows(load_classifier(RELEASED), [photo], job))
    example, pixels, mask = found[0]
    assert blue(pixels) > 0.1, "The first window lies around the region."
    assert (example.cracked, mask) == (cracked, None)
    assert len(found) == (1 if cracked else 4), "Nobody confirmed what lies elsewhere."


def test_a_cleared_outline_teaches_that_there_is_no_crack(tmp_path: Path) -> None:
    """It is seen alone, without what lies beside it, and no guess falls into it."""
    wall = draw_wall(3, cracked=True, width=960, height=720)
    wall.paste(Image.new("RGB", (192, 144), (0, 0, 200)), (672, 504))
    wall.save(tmp_path / "wall.png")
    photo = LabelledPhoto(tmp_path / "wall.png", True, "a", cleared=((0.7, 0.7, 0.9, 0.9),))
    request = RetrainRequest((photo,), frozenset(), RELEASED, Path("out"), None, 1, 1, "job")
    job = Job(request, lambda _: None, lambda: False)
    found = list(review_windows(load_classifier(RELEASED), [photo], job))
    assert [example.cracked for example, _, _ in found][:2] == [False, True]
    assert blue(found[0][1]) > 0.95
    beside = replace(photo, places=((0.85, 0.85, 0.95, 0.95),))
    assert blue(windows(beside)[0]) < 0.95, "What touches a marked crack may be one."


def test_the_map_guesses_nowhere_in_what_was_cleared() -> None:
    cells = np.zeros((20, 30), np.float32)
    cells[2:4, 10:20] = 5
    cells[15, 5] = 1
    left = _without([(0.3, 0.05, 0.7, 0.25)], cells)
    assert np.argwhere(left == left.max()).tolist() == [[15, 5]]


def test_a_small_cleared_outline_keeps_within_its_photo() -> None:
    pixels = np.zeros((100, 300, 3), np.uint8)
    photo = LabelledPhoto(Path("wall"), True, "a", cleared=((0.0, 0.9, 0.02, 1.0),))
    assert [window.shape for window in _cleared_windows(photo, pixels)] == [(96, 96, 3)]


def test_the_window_of_a_bent_region_lies_where_the_map_is_strongest() -> None:
    cells = np.zeros((20, 30), np.float32)
    cells[18, 3] = 1
    assert _strongest_within(cells, (0.0, 0.0, 1.0, 1.0)) == (3.5 / 30, 18.5 / 20)
    assert _strongest_within(cells, (0.99, 0.99, 1.0, 1.0)) == (29.5 / 30, 19.5 / 20)


def own_folder(folder: Path, *, source: str, groups: list[str]) -> Path:
    """Write an index of old photos, a group each; they are told apart by their width."""
    rows = ["path,label,group,source,role"]
    for number, group in enumerate(groups):
        draw_wall(number, cracked=False, width=320 + number).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{'crack' if number % 2 else 'clear'},{group},{source},train")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder


def old_widths(folder: Path, *, seed: int = 1) -> tuple[list[int], list[int]]:
    """Give the widths of what would teach, and of what would calibrate."""
    base = load_classifier(RELEASED)
    request = RetrainRequest((), frozenset(), RELEASED, Path("out"), folder, 1, seed, "job")
    job = Job(request, lambda _: None, lambda: False)
    taught = [pixels.shape[1] for _, pixels, _ in replay(base, job)]
    return sorted(taught), sorted(image.width for image, _ in unseen(base, job))


def test_of_a_folder_that_the_card_does_not_know_no_photo_both_teaches_and_calibrates(
    tmp_path: Path,
) -> None:
    folder = own_folder(tmp_path, source="our own", groups=[f"wall {n}" for n in range(40)])
    taught, kept = old_widths(folder)
    assert min(len(taught), len(kept)) > 0
    assert sorted(taught + kept) == list(range(320, 360))
    assert old_widths(folder, seed=2) == (taught, kept), "It is so in each run."


@pytest.mark.parametrize("is_kept", [True, False])
def test_where_a_folder_leaves_nothing_unseen_drawn_photos_calibrate(
    tmp_path: Path, *, is_kept: bool
) -> None:
    names = (f"wall {n}" for n in range(1000))
    draws = ((name, group_draw(name, seed=20261) < 0.12) for name in names)
    groups = [name for name, kept in draws if kept == is_kept][:4]
    taught, calibrating = old_widths(own_folder(tmp_path, source="walls", groups=groups))
    assert (taught, calibrating) == ([320, 321, 322, 323], [512] * 16)
