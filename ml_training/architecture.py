"""The networks: fully convolutional, photo in, one logit per 16-pixel cell out.

Both take RGB of any size, values 0–255 (rescaling is a layer), and give (n, height / 16, width /
16, 1): the evidence map as logits. Only stock Keras layers, so that a saved `.keras` file loads
in safe mode. A photo's logit is a smooth maximum of the map; it is taken outside the network (see
`pooling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

STRIDE = 16


@dataclass(frozen=True)
class Architecture:
    """Which network to build. Defaults: the pretrained one."""

    kind: Literal["pretrained", "small"] = "pretrained"
    """`pretrained` is EfficientNet-Lite0 cut at stride 16 with a small head; `small` the baseline
    CNN.
    """
    frozen_until: str = "block0_project"
    """Last layer of the backbone that keeps its ImageNet weights; empty: everything learns."""
    cut_after: str = ""
    """Layer of the backbone, at stride 16, that the head reads; empty: its last one."""
    head_channels: int = 64
    dropout: float = 0.1
    first_bias: float = -2.0
    """Start of the last bias: most cells of most photos show no crack."""


def build(settings: Architecture, *, backbone: keras.Model | None = None) -> keras.Model:
    """Build an untrained network. `backbone` is needed for kind `pretrained` and is not copied."""
    if settings.kind == "small":
        return _small(settings)
    if backbone is None:
        raise ValueError("The pretrained architecture needs a backbone; received None.")
    freeze(backbone, until=settings.frozen_until)
    return _headed(backbone, settings)


def freeze(network: keras.Model, *, until: str) -> None:
    """Let a network learn only behind the layer named `until`; empty: everywhere."""
    names = [layer.name for layer in network.layers]
    if until and until not in names:
        raise ValueError(
            f"frozen_until must name a layer such as {names[:6]}. Received: {until!r}."
        )
    first = names.index(until) + 1 if until else 0
    for position, layer in enumerate(network.layers):
        layer.trainable = position >= first


# === Layers ===


def _headed(backbone: keras.Model, settings: Architecture) -> keras.Model:
    cut = backbone.get_layer(settings.cut_after).output if settings.cut_after else backbone.output
    x = keras.layers.Conv2D(
        settings.head_channels, 3, padding="same", activation="relu", name="head_conv"
    )(cut)
    x = keras.layers.SpatialDropout2D(settings.dropout, name="head_dropout")(x)
    return keras.Model(backbone.input, _logits(x, settings), name="crack_finder")


def _small(settings: Architecture) -> keras.Model:
    """Build the small CNN known from METU: 32, 4 × 64 convolutions and a dense layer of 64.

    At its 120 px input the dense layer sees 7 × 7 cells: as a 7 × 7 convolution it is the same
    layer for every window of a larger photo.
    """
    photo = keras.Input((None, None, 3), name="photo")
    x = keras.layers.Rescaling(1 / 255, name="rescale")(photo)
    for index, channels in enumerate((32, 64, 64, 64, 64)):
        x = keras.layers.Conv2D(
            channels, 3, padding="same", activation="relu", name=f"conv{index}"
        )(x)
        if index < 4:
            x = keras.layers.MaxPooling2D(2, name=f"pool{index}")(x)
    x = keras.layers.Conv2D(64, 7, padding="same", activation="relu", name="dense")(x)
    return keras.Model(photo, _logits(x, settings), name="small_cnn")


def _logits(x: keras.KerasTensor, settings: Architecture) -> keras.KerasTensor:
    bias = keras.initializers.Constant(settings.first_bias)
    return keras.layers.Conv2D(1, 1, bias_initializer=bias, name="evidence_logits")(x)
