from pathlib import Path

import numpy as np
from PIL import Image

from ml_training.dataset import Example, Split
from ml_training.duplicates import NEAR, difference_hash, near_duplicates, same_pictures
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


def test_one_picture_is_known_again_and_walls_of_one_hash_are_not(tmp_path: Path) -> None:
    wall = draw_wall(1, cracked=True, width=640, height=480)
    rng = np.random.default_rng(5)
    slope = np.linspace(200, 80, 640)  # each brighter than its right neighbour: one hash for all
    plain = [Image.fromarray((slope + rng.normal(0, 12, (480, 640))).astype("u1")) for _ in "ab"]
    learned = [save(tmp_path, "a.jpg", wall).path, save(tmp_path, "b.jpg", plain[0]).path]
    copies = [save(tmp_path, "c.jpg", wall.resize((500, 375))).path]
    copies.append(save(tmp_path, "d.jpg", plain[0].resize((400, 300))).path)
    assert distance(*plain) <= NEAR
    assert same_pictures(learned, copies) == [(0, 0), (1, 1)]
    assert same_pictures(learned, [save(tmp_path, "e.jpg", plain[1]).path]) == []
