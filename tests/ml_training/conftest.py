"""Small photos and model folders for the classifier's tests; none takes more than seconds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training.contracts import LabelledPhoto

MakePhotos = Callable[[int], tuple[LabelledPhoto, ...]]


KERAS_ON_NUMPY_2 = "ignore:__array__ implementation doesn't accept:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Keras save: under numpy 2 it warns of its own __array__, which we cannot mend."""
    for item in items:
        if item.get_closest_marker("keras"):
            item.add_marker(pytest.mark.filterwarnings(KERAS_ON_NUMPY_2))


def draw_wall(seed: int, *, cracked: bool, width: int = 320, height: int = 240) -> Image.Image:
    """Draw grainy grey concrete, with a jagged dark crack where asked for."""
    from ml_training.overlays import add_crack

    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(120, 160, (12, 16), dtype=np.uint8)).resize(
        (width, height)
    )
    grain = rng.normal(0, 6, (height, width))
    wall = np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)
    pixels = np.repeat(wall[..., None], 3, axis=2)
    return Image.fromarray(add_crack(pixels, rng)[0] if cracked else pixels)


@pytest.fixture
def make_photos(tmp_path: Path) -> MakePhotos:
    """Write walls into files, every second one cracked, four photos a structure."""

    def make(count: int) -> tuple[LabelledPhoto, ...]:
        photos = []
        for i in range(count):
            path = tmp_path / f"photo-{i:02d}.jpg"
            draw_wall(i, cracked=i % 2 == 0).save(path, quality=92)
            photos.append(LabelledPhoto(path, i % 2 == 0, f"structure-{i // 4}"))
        return tuple(photos)

    return make


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model folder around the untrained small network: good in form, not in substance."""
    from ml_training import artifacts
    from ml_training.architecture import Architecture, build
    from ml_training.exporting import save_network
    from ml_training.release import first_serving
    from ml_training.runs import Run

    parts, out = tmp_path_factory.mktemp("network"), tmp_path_factory.mktemp("models") / "small"
    files = save_network(build(Architecture(kind="small")), parts)
    serving = first_serving(Run("small", sides=(128, 256)))
    artifacts.write_folder(out, files=files, serving=serving, card={"name": "small"})
    return out
