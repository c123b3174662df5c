"""Speed and memory from a JPEG's bytes to its answer, beside what people do today: tile by tile.

Each measurement runs in a process of its own, so that memory and the first answer are its own too.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from ml_training.machine import machine, peak_memory_mb

Way = Literal["openvino", "tensorflow", "tiles"]

SIZES = {"2 MP": (1632, 1224), "12 MP": (4032, 3024), "48 MP": (8064, 6048)}
_TILE, _BASELINE_INPUT = 227, 120


def benchmark(model: Path, *, seconds: float, say: Callable[[str], None]) -> dict[str, object]:
    """Measure every way at every size for about `seconds` each.

    Gives `machine` and `sizes`: size → way → photos_a_second, p50, p95 and first_answer in seconds,
    memory_mb.
    """
    report: dict[str, dict[str, dict[str, float]]] = {}
    ways: list[Way] = ["openvino"] if find_spec("openvino") else []
    ways += ["tensorflow", "tiles"]
    with tempfile.TemporaryDirectory(prefix="hairline-") as folder:
        for name, size in SIZES.items():
            photo = _make_photo(Path(folder) / "photo.jpg", size)
            report[name] = {way: _apart(way, model, photo, seconds) for way in ways}
            for way, figures in report[name].items():
                ratio = figures["photos_a_second"] / report[name]["tiles"]["photos_a_second"]
                say(
                    f"{name}  {way:<11} {figures['photos_a_second']:6.2f} photos/s  "
                    f"p50 {figures['p50']:.2f} s  p95 {figures['p95']:.2f} s  "
                    f"{figures['memory_mb']:.0f} MB  first after {figures['first_answer']:.1f} s  "
                    f"{ratio:.1f} × tiles"
                )
    return {"machine": machine(), "sizes": report}


def _make_photo(path: Path, size: tuple[int, int]) -> Path:
    """Write a JPEG with grain, so that decoding costs what a photo costs."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(90, 170, (48, 64, 3), dtype=np.uint8)).resize(size)
    grain = Image.fromarray(rng.integers(0, 60, (size[1], size[0]), dtype=np.uint8)).convert("RGB")
    Image.blend(coarse, grain, 0.2).save(path, quality=92)
    return path


def _apart(way: Way, model: Path, photo: Path, seconds: float) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure, way, model, photo, seconds).result()


def _measure(way: Way, model: Path, photo: Path, seconds: float) -> dict[str, float]:
    started = time.perf_counter()
    answer = _tiled(photo) if way == "tiles" else _whole(way, model, photo)
    answer()
    first = time.perf_counter() - started
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        before = time.perf_counter()
        answer()
        times.append(time.perf_counter() - before)
    return {
        "photos_a_second": len(times) / sum(times),
        "p50": statistics.median(times),
        "p95": sorted(times)[int(0.95 * (len(times) - 1))],
        "first_answer": first,
        "memory_mb": peak_memory_mb(),
    }


def _whole(
    way: Literal["openvino", "tensorflow"], model: Path, photo: Path
) -> Callable[[], object]:
    from ml_training.inference import load_classifier

    classifier = load_classifier(model, backend=way)
    return lambda: classifier.classify(photo)


def _tiled(photo: Path) -> Callable[[], object]:
    """The usual way: full decode, tiles of 227 px, each shrunk to the small CNN's 120 px,
    `predict`.
    """
    from ml_training.architecture import Architecture, build
    from ml_training.photos import open_upright

    network = build(Architecture(kind="small"))

    def answer() -> float:
        image = open_upright(photo)
        tiles = [
            image.crop((x, y, x + _TILE, y + _TILE)).resize((_BASELINE_INPUT, _BASELINE_INPUT))
            for y in range(0, image.height, _TILE)
            for x in range(0, image.width, _TILE)
        ]
        return float(
            network.predict(np.stack([np.asarray(tile) for tile in tiles]), verbose=0).max()
        )

    return answer
