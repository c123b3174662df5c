from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training import duplicates
from ml_training.dataset import Example, Split
from ml_training.duplicates import (
    NEAR,
    copies,
    difference_hash,
    near_duplicates,
    same_pictures,
    trace,
    turned,
    turned_traces,
)
from ml_training.photos import open_upright
from tests.ml_training.conftest import draw_wall


def distance(one: Image.Image, other: Image.Image) -> int:
    return int(np.bitwise_count(difference_hash(one) ^ difference_hash(other)))


def save(folder: Path, name: str, picture: Image.Image) -> Example:
    path = folder / name
    picture.save(path, quality=60)
    return Example(path, True, "crack", name, "walls", "train", None)


def plain_walls(count: int) -> list[Image.Image]:
    """Draw walls that are each brighter than their right neighbour: one hash for all."""
    rng, slope = np.random.default_rng(5), np.linspace(200, 80, 640)
    grains = (rng.normal(0, 12, (480, 640)) for _ in range(count))
    return [Image.fromarray((slope + grain).astype("u1")) for grain in grains]


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
    plain = plain_walls(2)
    learned = [save(tmp_path, "a.jpg", wall).path, save(tmp_path, "b.jpg", plain[0]).path]
    copies = [save(tmp_path, "c.jpg", wall.resize((500, 375))).path]
    copies.append(save(tmp_path, "d.jpg", plain[0].resize((400, 300))).path)
    assert distance(*plain) <= NEAR
    assert same_pictures(learned, copies) == [(0, 0), (1, 1)]
    assert same_pictures(learned, [save(tmp_path, "e.jpg", plain[1]).path]) == []


def test_a_picture_is_known_by_its_trace_when_its_file_is_gone(tmp_path: Path) -> None:
    wall, other = (draw_wall(seed, cracked=True, width=640, height=480) for seed in (1, 2))
    plain = plain_walls(2)
    known = [trace(save(tmp_path, "gone.jpg", picture).path) for picture in (wall, plain[0])]
    pictures = [other, wall.resize((500, 375)), plain[1], plain[0].resize((400, 300))]
    seen = [turned_traces(save(tmp_path, f"{n}.jpg", one).path) for n, one in enumerate(pictures)]
    assert copies(seen, known) == [1, 3]
    assert copies(seen, []) == copies([], known) == []


def test_a_picture_of_one_colour_is_no_copy_of_another(tmp_path: Path) -> None:
    grey, black = (Image.new("RGB", (96, 64), level) for level in ("grey", "black"))
    one, other = (save(tmp_path, f"{n}.jpg", image).path for n, image in enumerate((grey, black)))
    assert copies([turned_traces(one)], [trace(other)]) == []


@pytest.mark.parametrize("way", range(8))
def test_a_turned_or_mirrored_smaller_copy_is_the_same_picture(tmp_path: Path, way: int) -> None:
    wall = draw_wall(1, cracked=True, width=640, height=480)
    original = save(tmp_path, "a.jpg", wall).path
    smaller = list(turned(wall.resize((500, 375))))[way]
    copy = save(tmp_path, "b.jpg", smaller).path
    other = save(tmp_path, "c.jpg", draw_wall(2, cracked=True, width=640, height=480)).path
    assert same_pictures([original], [other, copy]) == [(0, 1)]
    assert copies([turned_traces(other), turned_traces(copy)], [trace(original)]) == [1]


def test_of_walls_that_all_hash_alike_each_is_opened_once_and_between_two_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = [save(tmp_path, f"{n}.jpg", wall).path for n, wall in enumerate(plain_walls(60))]
    opened: list[Path] = []
    told: list[int] = []

    def count(path: Path, *, max_side: int) -> Image.Image:
        assert len(told) == len(opened), "It is told of each photo before the next is opened."
        opened.append(path)
        return open_upright(path, max_side=max_side)

    def stop(done: int, _total: int) -> None:
        told.append(done)
        if done == 45:
            raise InterruptedError

    monkeypatch.setattr(duplicates, "open_upright", count)
    assert same_pictures(walls[:30], walls[30:], on_photo=lambda done, _: told.append(done)) == []
    assert opened == walls
    for record in (opened, told):
        record.clear()
    with pytest.raises(InterruptedError):
        same_pictures(walls[:30], walls[30:], on_photo=stop)
    assert opened == walls[:45]
