"""Which photos to review next."""

import numpy as np
import pytest

from ml_training.choosing import choose
from ml_training.embedding import embed, read
from ml_training.inference import Classifier, load_classifier
from tests.ml_training.conftest import draw_wall


def vector(*place: float) -> bytes:
    return np.array(place, np.float16).tobytes()


def test_of_two_alike_the_second_waits_for_what_is_different() -> None:
    photos = [vector(1, 0), vector(1, 0.01), vector(0, 1), vector(0, 0.9)]
    assert choose(photos, [1.0, 0.9, 0.5, 0.4])[:2] == [0, 2]


def test_of_photos_equally_different_the_least_certain_comes_first() -> None:
    photos = [vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)]
    assert choose(photos, [0.2, 0.9, 0.5]) == [1, 2, 0]


def test_what_was_reviewed_before_is_not_asked_about_again() -> None:
    photos = [vector(1, 0), vector(0, 1)]
    assert choose(photos, [1.0, 0.8], known=[vector(1, 0)], count=1) == [1]


def test_nothing_waits_and_nothing_is_chosen() -> None:
    assert choose([], []) == []


def test_an_embedding_holds_the_whole_photo_and_its_strongest_cells() -> None:
    features = np.zeros((4, 4, 2), np.float32)
    features[..., 0], features[1, 2] = 1, (0, 5)
    logits = np.zeros((4, 4), np.float32)
    logits[1, 2] = 3
    whole, strongest = read([embed(features, logits, 1)])[0].reshape(2, 2)
    assert whole[0] > whole[1] > 0
    assert strongest.tolist() == [0, 1]


@pytest.mark.keras
def test_both_backends_give_one_embedding(small_folder: object) -> None:
    from pathlib import Path

    folder, wall = Path(str(small_folder)), draw_wall(1, cracked=True)
    models: list[Classifier] = [
        load_classifier(folder, backend=name) for name in ("tensorflow", "openvino")
    ]
    one, other = read([model.look(wall).embedding for model in models])
    assert len(one) == 128
    assert np.allclose(one, other, atol=0.01)
