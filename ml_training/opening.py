"""Opening a network's files, of a folder whose checksums hold: whoever made the folder made these,
too, so nothing in them is run, and what is no network of ours is refused with a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from ml_training import artifacts
from ml_training.contracts import ModelFileError
from ml_training.embedding import add_features

MOST_UNPACKED_MB = 256
"""Ours have 3 MB, and Keras does not compress; a few MB of zeros unpack to gigabytes."""


def open_network(folder: Path) -> Any:
    """Open the `.keras` file in safe mode. Raises ModelFileError for bombs, NaN weights and other
    kinds of network, too.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    path = folder / artifacts.WEIGHTS
    try:
        _refuse_bomb(path)
        network = keras.models.load_model(path, compile=False, safe_mode=True)
        channels, classes = network.input_shape[-1], network.output_shape[-1]
    except (ValueError, OSError, TypeError, LookupError, AttributeError, BadZipFile) as error:
        raise ModelFileError(f"Keras cannot open {path.name} in {folder.name}: {error}.") from error
    _refuse_nan(path, network.variables)
    _refuse_other_kinds(path, channels, classes)
    return network


def open_exported(folder: Path) -> Any:
    """Open the exported file for this processor; it gives the logits and what the last convolution
    reads. Raises ModelFileError as `open_network` does.
    """
    import openvino

    path = folder / artifacts.EXPORTED
    try:
        core = openvino.Core()
        model = core.read_model(path)
        channels, classes = (port.partial_shape[-1] for port in (model.input(), model.output()))
        _refuse_nan(path, (op.data for op in model.get_ops() if _is_weights(op)))
        _refuse_other_kinds(path, channels, classes)
        add_features(model)
        options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        return core.compile_model(model, "CPU", options)
    except (RuntimeError, LookupError) as error:
        raise ModelFileError(
            f"OpenVINO cannot open {path.name} in {folder.name}: {error}."
        ) from error


def _is_weights(operation: Any) -> bool:
    is_constant = operation.get_type_name() == "Constant"
    return bool(is_constant and operation.get_element_type().is_real())


def _refuse_bomb(path: Path) -> None:
    with ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist()) >> 20
    if unpacked > MOST_UNPACKED_MB:
        raise ModelFileError(
            f"{path.name} in {path.parent.name} would unpack to {unpacked} MB; at most "
            f"{MOST_UNPACKED_MB} are opened."
        )


def _refuse_nan(path: Path, weights: Iterable[Any]) -> None:
    if not all(np.isfinite(np.asarray(numbers)).all() for numbers in weights):
        raise ModelFileError(f"{path.name} in {path.parent.name} holds NaN or infinite weights.")


def _refuse_other_kinds(path: Path, channels: object, classes: object) -> None:
    if (channels, classes) != (3, 1):
        raise ModelFileError(
            f"{path.name} in {path.parent.name} is another kind of network: it takes {channels} "
            f"colours and gives {classes} answers a cell, where 3 and 1 are wanted."
        )
