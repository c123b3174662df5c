"""A network as files of a model folder: the `.keras` file and the same network for OpenVINO."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import numpy as np

from ml_training.artifacts import EXPORTED, EXPORTED_WEIGHTS, WEIGHTS
from ml_training.contracts import TrainingError


def save_network(network: keras.Model, folder: Path) -> dict[str, Path]:
    """Save a network into `folder`; give the files by their names in a model folder.

    The OpenVINO files are left out where openvino is not installed. Raises TrainingError for NaN
    weights.
    """
    if not all(np.isfinite(np.asarray(v)).all() for v in network.variables):
        raise TrainingError("The trained weights hold NaN or infinite values; nothing was saved.")
    network.save(folder / WEIGHTS)
    names = [WEIGHTS]
    if _export(network, folder / EXPORTED):
        names += [EXPORTED, EXPORTED_WEIGHTS]
    return {name: folder / name for name in names}


def variables_sha256(network: keras.Model) -> str:
    """Give a hash of all weights, which is equal where they are: a file of them holds its date."""
    digest = hashlib.sha256()
    for variable in network.variables:
        digest.update(np.ascontiguousarray(np.asarray(variable)).tobytes())
    return digest.hexdigest()


def _export(network: keras.Model, path: Path) -> bool:
    """Write OpenVINO's intermediate form in single precision, for photos of any size."""
    try:
        import openvino
    except ImportError:
        return False
    import tensorflow as tf

    signature = tf.TensorSpec((None, None, None, 3), tf.float32, name="photo")
    traced = tf.function(lambda photo: network(photo, training=False), input_signature=[signature])
    shape = openvino.PartialShape([-1, -1, -1, 3])
    openvino.save_model(
        openvino.convert_model(traced, input=[("photo", shape)]), path, compress_to_fp16=False
    )
    return True
