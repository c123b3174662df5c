"""Drawn photos: deterministic, in pairs, with a mask that fits, and an index that trains."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training.contracts import DatasetError
from ml_training.synthetic import CAMERA, SCENES, DrawnPhoto, draw_folder, draw_photo


def small(seed: int, *, cracked: bool, scene: str | None = None) -> DrawnPhoto:
    return draw_photo(seed=seed, cracked=cracked, width=320, height=240, scene=scene)


def grey(photo: DrawnPhoto) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.asarray(photo.image.convert("L"), np.float32)


def test_the_same_seed_draws_the_same_pixels() -> None:
    first, second = small(7, cracked=True), small(7, cracked=True)
    assert first.image.tobytes() == second.image.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert first.scene == second.scene


def test_another_seed_draws_another_place() -> None:
    assert small(1, cracked=False).image.tobytes() != small(2, cracked=False).image.tobytes()


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_draws_at_the_size_asked_for(scene: str) -> None:
    photo = draw_photo(seed=3, cracked=True, width=300, height=400, scene=scene)
    assert (photo.image.mode, photo.image.size) == ("RGB", (300, 400))
    assert (photo.mask.mode, photo.mask.size) == ("L", (300, 400))
    assert photo.scene == scene
    assert photo.cracked


def test_a_cracked_photo_has_a_mask_of_its_crack_and_a_clear_one_has_none() -> None:
    for seed in range(12):
        share = np.asarray(small(seed, cracked=True).mask).mean() / 255
        assert 0.0005 < share < 0.2, seed
        assert not np.asarray(small(seed, cracked=False).mask).any()


def test_a_mask_holds_nothing_but_crack_and_no_crack() -> None:
    assert set(np.unique(np.asarray(small(5, cracked=True).mask))) == {0, 255}


def test_the_crack_is_darker_than_the_same_place_without_it() -> None:
    for seed in range(8):
        cracked, clear = small(seed, cracked=True), small(seed, cracked=False)
        inside = np.asarray(cracked.mask) > 0
        assert grey(cracked)[inside].mean() < grey(clear)[inside].mean() - 8, seed


def test_away_from_the_crack_a_pair_shows_the_same_place() -> None:
    cracked, clear = small(4, cracked=True), small(4, cracked=False)
    difference = np.abs(grey(cracked) - grey(clear))
    assert np.median(difference) <= 6


def test_photos_are_neither_black_nor_blown_out() -> None:
    for seed in range(12):
        mean = grey(small(seed, cracked=False)).mean()
        assert 30 < mean < 235, seed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scene": "moon"}, "knows the scenes abutment"),
        ({"seed": -1}, "seed of 0 or more"),
        ({"width": 20}, "at least 64 px"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, object], message: str) -> None:
    wanted: dict[str, object] = {"seed": 1, "cracked": True, "width": 100, "height": 100}
    with pytest.raises(ValueError, match=message):
        draw_photo(**{**wanted, **arguments})  # type: ignore[arg-type]  # wrong values are the point


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn")
    seen: list[tuple[int, int]] = []
    draw_folder(out, 2, seed=1, on_progress=lambda done, count: seen.append((done, count)))
    assert seen == [(1, 2), (2, 2)]
    return out


def test_a_folder_has_an_index_a_dataset_can_read(folder: Path) -> None:
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "label", "group", "source", "role"]
    assert [row["label"] for row in rows] == ["crack", "clear"]
    assert {row["source"] for row in rows} == {"drawn"}
    assert all((folder / row["path"]).is_file() for row in rows)


def test_photos_of_a_folder_say_that_they_are_drawn(folder: Path) -> None:
    with Image.open(folder / "photos" / "drawn-001-0001.jpg") as photo:
        exif = photo.getexif()
    assert exif[0x0110] == CAMERA == "Hairline drawn photo"
    assert exif.get_ifd(0x8769)[0x9003].startswith("2026:03:02")


def test_masks_of_a_folder_stand_beside_the_cracked_photos(folder: Path) -> None:
    names = sorted(path.name for path in (folder / "masks").iterdir())
    assert names == ["drawn-001-0001.png"]


def test_a_folder_of_no_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has at least 1"):
        draw_folder(tmp_path, 0)
