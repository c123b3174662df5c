"""R03: photos that show nothing but a mark of their structure, and labels drawn by structure.

A network learns the marks by heart. Split at random by photo it seems perfect; split as a training
run splits, by structure, it must be found out.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from classifier.manifests import draw_sides
from classifier.states import Side

pytestmark = pytest.mark.keras
STRUCTURES, PHOTOS, PIXELS = 160, 6, 16

Photos = npt.NDArray[np.float32]


def marked_photos() -> tuple[Photos, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return noisy photos, the structure of each, and its label: the same for all of one."""
    rng = np.random.default_rng(3)
    marks = rng.integers(0, 2, (STRUCTURES, PIXELS, PIXELS)).astype(np.float32)
    structures = np.repeat(np.arange(STRUCTURES), PHOTOS)
    noise = rng.normal(0, 0.3, (len(structures), PIXELS, PIXELS))
    labels = rng.permutation(np.arange(STRUCTURES) % 2)
    return (marks[structures] + noise)[..., None].astype(np.float32), structures, labels[structures]


def auc_after_training(learned: npt.NDArray[np.bool_]) -> float:
    import keras

    from ml_training.evaluation import auc

    photos, _, labels = marked_photos()
    keras.utils.set_random_seed(1)
    layers: Any = keras.layers
    network = keras.Sequential(
        [layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(1)]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(2e-3), loss)
    network.fit(photos[learned], labels[learned], epochs=8, batch_size=32, verbose=0)
    scores = network.predict(photos[~learned], verbose=0)[:, 0].astype(np.float64)
    return auc(scores, labels[~learned] == 1)


def test_a_random_split_is_fooled_by_the_marks() -> None:
    assert auc_after_training(np.random.default_rng(0).random(STRUCTURES * PHOTOS) > 0.25) > 0.95


def test_the_split_by_structure_is_not() -> None:
    _, structures, _ = marked_photos()
    sides = draw_sides(dict.fromkeys(range(STRUCTURES), ""))
    learned = np.array([sides[int(structure)] == Side.LEARN for structure in structures])
    assert 0.4 <= auc_after_training(learned) <= 0.6
