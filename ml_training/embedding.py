"""What kind of place a photo shows, as a short vector, for choosing photos that differ.

The vector is what the network's last layer reads, pooled: the mean over the whole photo beside the
mean over the cells that look most like a crack, each of unit length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def embed(features: Floats, logits: Floats, strongest: int) -> bytes:
    """Pool features (rows, columns, channels) beside logits (rows, columns) into half floats."""
    flat = features.reshape(-1, features.shape[-1])
    cells = np.argsort(logits.ravel())[-strongest:]
    halves = [_unit(flat.mean(axis=0)), _unit(flat[cells].mean(axis=0))]
    return np.concatenate(halves).astype(np.float16).tobytes()


def read(embeddings: Sequence[bytes]) -> Floats:
    """Give one row an embedding."""
    return np.stack([np.frombuffer(one, np.float16).astype(np.float32) for one in embeddings])


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def with_features(network: Any) -> Any:
    """Let a Keras network give its logits and what its last layer reads."""
    import keras

    return keras.Model(network.inputs, [network.outputs[0], network.layers[-1].input])


def add_features(model: Any) -> None:
    """Let an OpenVINO model give, as a second answer, what its last convolution reads."""
    node = model.outputs[0].get_node()
    while node.get_type_name() != "Convolution":
        node = node.input_value(0).get_node()
    model.add_outputs([node.input_value(0)])
