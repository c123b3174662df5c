"""F41, R26: files that pretend to be a model are refused, and nothing in them is run.

The checksums of each folder are right: whoever made the file made them, too.
"""

import io
import json
import os
import pickle
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from ml_training import artifacts
from ml_training.contracts import ModelFileError
from ml_training.inference import load_classifier

pytestmark = pytest.mark.keras

Poison = Callable[[Path, Path], None]


class Touch:
    """A pickle that makes a file when it is read."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str, int, int]]:
        return os.open, (str(self.canary), os.O_CREAT | os.O_WRONLY, 0o600)


def written(content: bytes) -> Poison:
    def poison(path: Path, _canary: Path) -> None:
        path.write_bytes(content)

    return poison


def cut(path: Path, _canary: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4000])


def flipped(path: Path, _canary: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 3, len(content) // 3 + 40):
        content[at] ^= 0xFF
    path.write_bytes(content)


def pickled(path: Path, canary: Path) -> None:
    path.write_bytes(pickle.dumps(Touch(canary)))


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Take the zip apart, let `change` at its members, and put it together again."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)


def with_layer(layer: dict[str, object]) -> Poison:
    """Put a layer of one's own choice in the place of the first one."""

    def poison(path: Path, _canary: Path) -> None:
        def change(members: dict[str, bytes]) -> None:
            config = json.loads(members["config.json"])
            config["config"]["layers"][1] = layer
            members["config.json"] = json.dumps(config).encode()

        rewritten(path, change)

    return poison


def calling(module: str, name: str) -> Poison:
    """CVE-2025-1550: a configuration that names any function of any module."""
    return with_layer(
        {"module": module, "class_name": name, "registered_name": name, "config": {"name": "x"}}
    )


def with_lambda(path: Path, canary: Path) -> None:
    import keras

    def touch(x: object) -> object:
        Path(str(canary)).touch()
        return x

    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, keras.layers.Lambda(touch, output_shape=(None, None, 3))(inputs)).save(path)
    canary.unlink(missing_ok=True)  # building the model ran it once


def as_hdf5(path: Path, _canary: Path) -> None:
    import keras

    network = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 1)])
    network.save(path.with_suffix(".h5"))
    path.with_suffix(".h5").rename(path)


def lambda_as_hdf5(path: Path, canary: Path) -> None:
    """CVE-2025-9905: HDF5 files were opened without safe mode."""
    with_lambda(path.with_suffix(".h5"), canary)
    path.with_suffix(".h5").rename(path)


def flipped_hdf5(path: Path, _canary: Path) -> None:
    as_hdf5(path, _canary)
    flipped(path, _canary)


def linked(path: Path, canary: Path) -> None:
    """Let the weights be a symbolic link that leads out of the archive."""
    link = zipfile.ZipInfo("model.weights.h5")
    link.external_attr = 0o120777 << 16

    def change(members: dict[str, bytes]) -> None:
        del members[link.filename]

    rewritten(path, change)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, str(canary))


def with_weights(change: Callable[[h5py.File], None]) -> Poison:
    """Open the file of weights within the model and let `change` at it."""

    def poison(path: Path, _canary: Path) -> None:
        def within(members: dict[str, bytes]) -> None:
            file = io.BytesIO(members["model.weights.h5"])
            with h5py.File(file, "r+") as weights:
                change(weights)
            members["model.weights.h5"] = file.getvalue()

        rewritten(path, within)

    return poison


def first_kernel(weights: h5py.File) -> str:
    found: list[str] = []

    def look(name: str, it: object) -> None:
        if isinstance(it, h5py.Dataset) and it.ndim == 4:
            found.append(name)

    weights.visititems(look)
    return found[0]


def huge(weights: h5py.File) -> None:
    """CVE-2026-0897: a few bytes that say they are 4 TB of numbers."""
    name = first_kernel(weights)
    del weights[name]
    weights.create_dataset(name, (1_000_000, 1_000_000), "f4", chunks=(1000, 1000))


def elsewhere(weights: h5py.File) -> None:
    """Let the numbers come from another file of the machine."""
    name = first_kernel(weights)
    shape = weights[name].shape
    del weights[name]
    weights.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 4 * 10_000)])


def no_numbers(weights: h5py.File) -> None:
    weights[first_kernel(weights)][...] = float("nan")


def other_network(channels: int, classes: int) -> Poison:
    """A good file of a network that takes or gives something else."""

    def poison(path: Path, _canary: Path) -> None:
        import keras

        layers = [keras.Input((None, None, channels)), keras.layers.Conv2D(classes, 1, strides=16)]
        keras.Sequential(layers).save(path)

    return poison


def climbing(path: Path, canary: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        members[f"../../{canary.name}"] = b"out of the folder"
        members["model.weights.h5"] = b""

    rewritten(path, change)


def without_weights(path: Path, _canary: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        del members["model.weights.h5"]

    rewritten(path, change)


def bomb(path: Path, _canary: Path) -> None:
    """A quarter of a megabyte that says it is weights, and unpacks to 257."""

    def change(members: dict[str, bytes]) -> None:
        del members["model.weights.h5"]

    rewritten(path, change)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("model.weights.h5", "w") as weights,
    ):
        for _ in range(257):
            weights.write(bytes(1 << 20))


def turned_round(path: Path, _canary: Path) -> None:
    """Say that the highest score means a clear photo."""
    card = path.with_name(artifacts.CARD)
    content = json.loads(card.read_text(encoding="utf-8")) | {"answers": ["crack", "clear"]}
    card.write_text(json.dumps(content), encoding="utf-8")


POISONS = {
    "cut": cut,
    "nothing": written(b""),
    "text": written(b"this is no model\n" * 50),
    "noise": written(random.Random(41).randbytes(100_000)),
    "a flipped stretch": flipped,
    "a pickle": pickled,
    "a lambda": with_lambda,
    "HDF5": as_hdf5,
    "HDF5 with a flipped stretch": flipped_hdf5,
    "HDF5 with a lambda": lambda_as_hdf5,
    "a member that is a link": linked,
    "a bomb of weights": bomb,
    "weights of a huge shape": with_weights(huge),
    "weights of another file": with_weights(elsewhere),
    "weights that are no numbers": with_weights(no_numbers),
    "another kind of picture": other_network(1, 1),
    "a swapped order of classes": turned_round,
    "two classes": other_network(3, 2),
    "os.system as a layer": calling("os", "system"),
    "subprocess as a layer": calling("subprocess", "run"),
    "a function of Keras itself": calling("keras.utils", "get_file"),
    "a lambda layer by name": with_layer(
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "registered_name": None,
            "config": {"name": "x", "function": {"class_name": "__lambda__", "config": {}}},
        }
    ),
    "a member that climbs out": climbing,
    "no weights": without_weights,
    "a zip of nothing": written(b"PK\x05\x06" + bytes(18)),
}


@pytest.mark.filterwarnings("default")  # of Keras and HDF5: as in production, none is an error
@pytest.mark.parametrize("poison", POISONS.values(), ids=list(POISONS))
def test_a_file_that_pretends_to_be_a_model_is_refused_and_never_run(
    small_folder: Path, tmp_path: Path, poison: Poison
) -> None:
    folder = Path(shutil.copytree(small_folder, tmp_path / "in" / "poisoned"))
    canary = tmp_path / "canary"
    poison(folder / artifacts.WEIGHTS, canary)
    artifacts.write_sums(folder)
    with pytest.raises(ModelFileError):
        load_classifier(folder, backend="tensorflow")
    assert not list(tmp_path.rglob("canary"))
