import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml_training import RELEASED, artifacts
from ml_training.contracts import ModelFileError
from ml_training.inference import load_classifier

pytestmark = pytest.mark.keras


@pytest.fixture
def folder(small_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_folder, tmp_path / "small"))


def truncate(folder: Path) -> None:
    whole = (folder / artifacts.WEIGHTS).read_bytes()
    (folder / artifacts.WEIGHTS).write_bytes(whole[: len(whole) // 2])


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / artifacts.EXPORTED_WEIGHTS).read_bytes())
    content[100] ^= 1
    (folder / artifacts.EXPORTED_WEIGHTS).write_bytes(content)


def remove_weights(folder: Path) -> None:
    (folder / artifacts.WEIGHTS).unlink()


def remove_sums(folder: Path) -> None:
    (folder / artifacts.SUMS).unlink()


def garble_sums(folder: Path) -> None:
    (folder / artifacts.SUMS).write_text("what is this\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (truncate, "its SHA-256 differs"),
        (flip_a_byte, "its SHA-256 differs"),
        (remove_weights, r"lacks classifier\.keras"),
        (remove_sums, "has no SHA256SUMS"),
        (garble_sums, "is no checksum"),
    ],
)
def test_a_damaged_folder_is_refused_with_a_sentence(
    folder: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    damage(folder)
    with pytest.raises(ModelFileError, match=sentence):
        load_classifier(folder)


def test_an_unknown_format_version_is_refused_by_name(folder: Path) -> None:
    card = json.loads((folder / artifacts.CARD).read_text(encoding="utf-8"))
    (folder / artifacts.CARD).write_text(
        json.dumps(card | {"format_version": 99}), encoding="utf-8"
    )
    artifacts.write_sums(folder)
    with pytest.raises(ModelFileError, match="format version 99; this program reads version 1"):
        artifacts.read_facts(folder)


@pytest.mark.parametrize("backend", ["tensorflow", "openvino"])
def test_weights_that_are_no_numbers_are_refused(folder: Path, backend: str) -> None:
    spoil_weights(folder)
    with pytest.raises(ModelFileError, match="NaN"):
        load_classifier(folder, backend=backend)  # type: ignore[arg-type]  # parametrised


def spoil_weights(folder: Path) -> None:
    import keras

    network = keras.models.load_model(folder / artifacts.WEIGHTS)
    kernel, bias = network.get_layer("conv0").get_weights()
    network.get_layer("conv0").set_weights([kernel * np.nan, bias])
    network.save(folder / artifacts.WEIGHTS)
    raw = np.fromfile(folder / artifacts.EXPORTED_WEIGHTS, np.uint8)
    raw[-400:] = 255  # the last constants are weights; all bits set is a NaN
    raw.tofile(folder / artifacts.EXPORTED_WEIGHTS)
    artifacts.write_sums(folder)


def test_thresholds_without_a_number_are_refused(folder: Path) -> None:
    (folder / artifacts.SERVING).write_text("{}", encoding="utf-8")
    artifacts.write_sums(folder)
    with pytest.raises(ModelFileError, match=r"thresholds\.json in small cannot be used"):
        load_classifier(folder)


def test_folders_of_before_tell_one_number_of_cells_for_all_sides(folder: Path) -> None:
    write_strongest_cells(folder, 6)
    assert artifacts.read_serving(folder).strongest_cells == (6, 6)


@pytest.mark.parametrize("cells", [[8], [8, 0], "many"])
def test_cells_that_do_not_fit_the_sides_are_refused(folder: Path, cells: object) -> None:
    write_strongest_cells(folder, cells)
    with pytest.raises(ModelFileError, match=r"thresholds\.json in small cannot be used"):
        artifacts.read_serving(folder)


def write_strongest_cells(folder: Path, cells: object) -> None:
    raw = json.loads((folder / artifacts.SERVING).read_text(encoding="utf-8"))
    (folder / artifacts.SERVING).write_text(json.dumps(raw | {"strongest_cells": cells}), "utf-8")


def test_a_version_is_never_overwritten(folder: Path) -> None:
    serving = artifacts.read_serving(folder)
    with pytest.raises(ModelFileError, match="exists already"):
        artifacts.write_folder(folder, files={}, serving=serving, card={})


def test_a_failed_write_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    serving = artifacts.read_serving(folder)
    before = set(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        artifacts.write_folder(
            tmp_path / "new",
            files={"classifier.keras": tmp_path / "absent"},
            serving=serving,
            card={},
        )
    assert set(tmp_path.iterdir()) == before


def test_the_released_model_is_what_its_checksums_say() -> None:
    facts = artifacts.read_facts(RELEASED)
    assert facts.thresholds.clear_below <= facts.thresholds.flagged_from
    assert sum(f.stat().st_size for f in RELEASED.iterdir()) <= 8_000_000
