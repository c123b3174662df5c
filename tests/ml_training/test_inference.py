from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training import RELEASED, measuring
from ml_training.contracts import ModelFileError, PhotoAnswer, PhotoUnreadable, Thresholds
from ml_training.dataset import Example, read_examples
from ml_training.inference import Classifier, fuse, load_classifier, working_sizes
from ml_training.release import first_serving
from ml_training.runs import Run
from tests.ml_training.conftest import draw_wall

pytestmark = pytest.mark.keras
ORIENTED = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def released() -> Classifier:
    return load_classifier(RELEASED)


def test_both_backends_see_the_same(released: Classifier) -> None:
    other = load_classifier(RELEASED, backend="tensorflow")
    assert (released.backend, other.backend) == ("openvino", "tensorflow")
    for seed in range(4):
        wall = draw_wall(seed, cracked=seed % 2 == 0, width=400)
        one, two = released.judge(wall), other.judge(wall)
        assert one.score == pytest.approx(two.score, abs=0.01)
        assert np.abs(cells(one) - cells(two)).max() <= 0.01 * 255 + 1


def test_fifty_photos_are_scored_where_they_are_measured_as_where_they_are_served(
    released: Classifier, tmp_path: Path
) -> None:
    """R09: what the gate and the card count is what people will see."""
    paths = [tmp_path / f"{seed}.jpg" for seed in range(50)]
    for seed, path in enumerate(paths):
        draw_wall(seed, cracked=seed % 2 == 0, width=160, height=120).save(path)
    examples = [Example(path, True, "crack", "wall", "drawn", "train", None) for path in paths]
    measured = measuring.scores(released.serving, measuring.look_at(released, examples))
    served = [released.classify(path).score for path in paths]
    assert measured == pytest.approx(served, abs=1e-5)


def cells(answer: PhotoAnswer) -> np.ndarray:
    return np.frombuffer(answer.evidence.cells, np.uint8).astype(int)


def test_an_answer_is_in_its_ranges(released: Classifier) -> None:
    answer = released.judge(draw_wall(2, cracked=True))
    assert 0 <= answer.score <= 1
    assert len(answer.evidence.cells) == answer.evidence.width * answer.evidence.height
    points = [point for region in answer.regions for point in region.outline]
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points)


@pytest.mark.parametrize("orientation", sorted(ORIENTED))
def test_the_way_the_camera_was_held_does_not_matter(
    released: Classifier, tmp_path: Path, orientation: int
) -> None:
    wall = draw_wall(4, cracked=True, width=400)
    wall.save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = orientation
    wall.transpose(ORIENTED[orientation]).save(tmp_path / "turned.png", exif=exif)
    upright = released.classify(tmp_path / "upright.png")
    turned = released.classify(tmp_path / "turned.png")
    assert turned.score == pytest.approx(upright.score, abs=1e-3)


def test_a_damaged_photo_is_unreadable(released: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    draw_wall(1, cracked=False, width=800).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(PhotoUnreadable):
        released.classify(path)


def test_an_unfit_backend_is_named(small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_training.inference.find_spec", lambda _name: None)
    with pytest.raises(ModelFileError, match="openvino is not installed"):
        load_classifier(small_folder, backend="openvino")


def test_working_sizes_are_whole_cells_and_small_photos_are_not_blown_up() -> None:
    serving = replace(first_serving(Run("any", sides=(512, 1024))), largest_zoom=1.5)
    assert working_sizes((2048, 1536), serving) == ((512, 384), (1024, 768))
    assert working_sizes((200, 150), serving) == ((144, 112), (304, 224))
    assert min(min(size) for size in working_sizes((2048, 103), serving)) >= 32


def test_each_size_is_pooled_over_as_many_cells_as_are_said_for_it(released: Classifier) -> None:
    wall = draw_wall(2, cracked=True)
    counts = ((1, 1, 1), (1, 4, 1), (1, 4, 8))
    servings = [
        replace(released.serving, sides=(384, 576, 1152), strongest_cells=each) for each in counts
    ]
    looks = [released.served_as(serving).look(wall).pooled for serving in servings]
    changed = [[a != b for a, b in zip(*pair, strict=True)] for pair in pairwise(looks)]
    assert changed == [[False, True, False], [False, False, True]]


def test_maps_of_two_sizes_are_joined_on_the_finer_grid() -> None:
    coarse, fine = np.full((2, 2), 1.0, np.float32), np.full((4, 6), 3.0, np.float32)
    assert np.allclose(fuse([coarse, fine]), np.full((4, 6), 2.0))


def test_a_score_at_the_threshold_is_flagged() -> None:
    assert Thresholds(0.2, 0.6).verdict(0.6) == "flagged"


def test_the_released_model_separates_photos_of_other_sites(
    released: Classifier, shared_data: Path
) -> None:
    chosen = [e for e in read_examples(shared_data) if e.source == "crosssite_concrete"]
    cracked, clear = (
        [e for e in chosen if e.cracked][::17][:30],
        [e for e in chosen if not e.cracked],
    )
    verdicts = [released.classify(e.path).verdict for e in cracked]
    assert sum(v != "clear" for v in verdicts) >= 28
    assert flagged(released, clear[::4]) <= 3


def flagged(classifier: Classifier, examples: list[Example]) -> int:
    return sum(classifier.classify(e.path).verdict == "flagged" for e in examples)
