"""Which windows of a reviewed photo are learned from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training import RELEASED
from ml_training.contracts import LabelledPhoto, RetrainRequest
from ml_training.inference import load_classifier
from ml_training.lessons import Job, review_windows
from tests.ml_training.conftest import draw_wall

pytestmark = pytest.mark.keras


def windows(photo: LabelledPhoto) -> list[np.ndarray]:
    request = RetrainRequest((photo,), frozenset(), RELEASED, Path("out"), None, 1, 1, "job")
    job = Job(request, lambda _: None, lambda: False)
    return [pixels for _, pixels, _ in review_windows(load_classifier(RELEASED), [photo], job)]


def test_a_marked_crack_is_learned_from_where_it_is(tmp_path: Path) -> None:
    wall = draw_wall(3, cracked=False, width=960, height=720)
    wall.paste(Image.new("RGB", (60, 60), (0, 0, 200)), (780, 540))
    wall.save(tmp_path / "wall.png")
    photo = LabelledPhoto(tmp_path / "wall.png", True, "a", places=((0.8, 0.74, 0.9, 0.86),))
    (marked, *guesses) = windows(photo)
    assert (marked[..., 2] > 150).mean() > 0.1, "The window lies around the mark."
    unmarked = windows(replace(photo, places=()))
    assert len(unmarked) - len(guesses) in (0, 1), "Beside a mark the map does not guess."


def test_a_dismissed_photo_teaches_where_it_looked_most_like_a_crack(tmp_path: Path) -> None:
    draw_wall(3, cracked=True, width=960, height=720).save(tmp_path / "wall.png")
    assert len(windows(LabelledPhoto(tmp_path / "wall.png", False, "a"))) == 4
