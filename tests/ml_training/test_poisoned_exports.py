"""F41, R26: what pretends to be an exported network is refused, too: it is what a site opens.

The checksums of each folder are right: whoever made the files made them, too.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml_training import artifacts
from ml_training.contracts import ModelFileError
from ml_training.inference import load_classifier

pytestmark = pytest.mark.keras

Poison = Callable[[Path], None]
NETWORK, WEIGHTS = artifacts.EXPORTED, artifacts.EXPORTED_WEIGHTS


def written(name: str, content: bytes) -> Poison:
    def poison(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return poison


def cut(name: str) -> Poison:
    def poison(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return poison


def gone(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def no_numbers(folder: Path) -> None:
    """All bits set are no number, wherever one begins."""
    weights = bytearray((folder / WEIGHTS).read_bytes())
    middle = len(weights) // 2
    weights[middle : middle + 400] = b"\xff" * 400
    (folder / WEIGHTS).write_bytes(weights)


def changed(old: str, new: str) -> Poison:
    def poison(folder: Path) -> None:
        network = (folder / NETWORK).read_text(encoding="utf-8")
        assert old in network
        (folder / NETWORK).write_text(network.replace(old, new), encoding="utf-8")

    return poison


def other_network(channels: int, classes: int) -> Poison:
    """A good file of a network that takes or gives something else."""

    def poison(folder: Path) -> None:
        import openvino
        from openvino import opset13 as layers

        photo = layers.parameter([-1, -1, -1, channels], np.float32)
        first = layers.transpose(photo, np.array([0, 3, 1, 2]))
        kernel = layers.constant(np.ones((classes, channels, 16, 16), np.float32))
        cells = layers.convolution(first, kernel, [16, 16], [0, 0], [0, 0], [1, 1])
        last = layers.transpose(cells, np.array([0, 2, 3, 1]))
        openvino.save_model(openvino.Model([last], [photo]), folder / NETWORK)

    return poison


POISONS = {
    "a network cut off": (cut(NETWORK), "cannot open"),
    "weights cut off": (cut(WEIGHTS), "cannot open"),
    "an empty network": (written(NETWORK, b""), "cannot open"),
    "empty weights": (written(WEIGHTS, b""), "cannot open"),
    "no weights": (gone, "cannot open"),
    "text": (written(NETWORK, b"this is no model\n" * 50), "cannot open"),
    "noise": (written(NETWORK, random.Random(41).randbytes(100_000)), "cannot open"),
    "a network of nothing": (
        written(NETWORK, b'<net name="x" version="11"><layers/><edges/></net>'),
        "cannot open",
    ),
    "an operation that nobody knows": (changed('type="Convolution"', 'type="Run"'), "cannot open"),
    "weights of a huge size": (changed(' size="', ' size="99999999'), "cannot open"),
    "weights that are no numbers": (no_numbers, "holds NaN or infinite weights"),
    "another kind of picture": (other_network(1, 1), "takes 1 colours and gives 1 answers"),
    "two classes": (other_network(3, 2), "takes 3 colours and gives 2 answers"),
}


@pytest.mark.parametrize(("poison", "sentence"), POISONS.values(), ids=list(POISONS))
def test_a_file_that_pretends_to_be_an_exported_network_is_refused(
    small_folder: Path, tmp_path: Path, poison: Poison, sentence: str
) -> None:
    folder = Path(shutil.copytree(small_folder, tmp_path / "poisoned"))
    poison(folder)
    artifacts.write_sums(folder)
    with pytest.raises(ModelFileError, match=sentence):
        load_classifier(folder, backend="openvino")
