from pathlib import Path

import numpy as np
from PIL import Image

from ml_training.dataset import Example, Split
from ml_training.duplicates import NEAR, difference_hash, near_duplicates
from tests.ml_training.conftest import draw_wall


def distance(one: Image.Image, other: Image.Image) -> int:
    return int(np.bitwise_count(difference_hash(one) ^ difference_hash(other)))


def save(folder: Path, name: str, picture: Image.Image) -> Example:
    path = folder / name
    picture.save(path, quality=60)
    return Example(path, True, "crack", name, "walls", "train", None)


def test_a_smaller_darker_copy_is_near_and_another_wall_is_not() -> None:
    wall = draw_wall(1, cracked=True)
    copy = wall.resize((160, 120)).point(lambda level: level * 0.7)
    assert distance(wall, copy) <= NEAR < distance(wall, draw_wall(2, cracked=True))


def test_a_copy_across_the_split_is_told_by_source(tmp_path: Path) -> None:
    wall = draw_wall(1, cracked=True)
    train = (save(tmp_path, "a.jpg", wall), save(tmp_path, "b.jpg", draw_wall(3, cracked=True)))
    held_out = (save(tmp_path, "c.jpg", wall.resize((240, 180))),)
    assert near_duplicates(Split(train, held_out)) == {"walls": 1}
    assert near_duplicates(Split(train[1:], held_out)) == {}
    assert near_duplicates(Split((), held_out)) == {}
