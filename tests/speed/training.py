"""`./dev bench training`: the peak memory of a training on many patches and large photos.

It draws walls, cuts the patches from them and blows them up to photos of twelve megapixels, each
another cutting, then trains a few steps by `ml_training.release` in a process of its own: reading,
looking for near-duplicates, caching, mining, training, measuring, calibrating.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

PATCH, PHOTO, CANVAS = (227, 227), (4000, 3000), (5600, 4200)
WALLS = 40
"""Drawn walls, every other one cracked; one group each."""
STEPS = 60
_DONE = "peak memory"


def fill(folder: Path, *, patches: int, photos: int) -> Path:
    """Write the photos and their index, and return it. Each wall gives its share of both."""
    index = folder / "index.csv"
    with index.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group", "source", "role"])
        for wall in range(WALLS):
            canvas = _wall(wall)
            for size, count in ((PATCH, patches), (PHOTO, photos)):
                label, source = ("crack" if wall % 2 else "clear"), f"{size[0]}px"
                for number, picture in enumerate(_cuttings(canvas, size, count // WALLS, wall)):
                    name = f"{source}-{wall}-{number}.jpg"
                    picture.save(folder / name, quality=85)
                    rows.writerow([name, label, f"wall-{wall}", source, "train"])
            sys.stderr.write(f"\rwall {wall + 1} of {WALLS} cut ")
    sys.stderr.write("\n")
    return index


def _wall(number: int) -> Image.Image:
    from ml_training.synthetic import draw_photo

    drawn = draw_photo(seed=number, cracked=bool(number % 2), width=1400, height=1050)
    return drawn.image.resize(CANVAS, Image.Resampling.BICUBIC)


def _cuttings(
    canvas: Image.Image, size: tuple[int, int], count: int, seed: int
) -> Iterator[Image.Image]:
    draw = np.random.default_rng(seed)
    for _ in range(count):
        left, top = (
            int(draw.integers(have - want)) for have, want in zip(CANVAS, size, strict=True)
        )
        cut = canvas.crop((left, top, left + size[0], top + size[1]))
        yield ImageOps.mirror(cut) if draw.random() < 0.5 else cut


def learn(index: Path, folder: Path) -> None:
    """Train a few steps and tell this process's peak memory."""
    from ml_training.machine import peak_memory_mb
    from ml_training.release import Workplace, release
    from ml_training.runs import Phase, load_run

    run = load_run("trial_base")
    run = replace(run, phases=(Phase(STEPS, mine_hard=True),), calibration_shares={})

    def say(sentence: str) -> None:
        sys.stdout.write(f"{peak_memory_mb():6.0f} MB so far  {sentence}\n")
        sys.stdout.flush()

    place = Workplace(folder, say, on_count=lambda *_: None, on_progress=lambda _: None)
    release(run, data=index, out=folder / "model", place=place)
    sys.stdout.write(f"{peak_memory_mb():6.0f} MB {_DONE}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench training")
    parser.add_argument("--patches", type=int, default=40_000)
    parser.add_argument("--photos", type=int, default=2_000)
    parser.add_argument("--most-mb", type=float, default=3_000)
    parser.add_argument("--learn", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.learn:
        learn(chosen.learn, chosen.learn.parent / "work")
        return
    from ml_training.machine import machine

    with tempfile.TemporaryDirectory() as name:
        index = fill(Path(name), patches=chosen.patches, photos=chosen.photos)
        began = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-m", "tests.speed.training", "--learn", str(index)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    seconds = time.perf_counter() - began
    peak = float(told.splitlines()[-1].split()[0])
    sys.stdout.write(f"{told}{machine()}; {chosen.patches} patches, {chosen.photos} photos of ")
    sys.stdout.write(f"12 MP, {STEPS} steps: {peak:.0f} MB, {seconds / 60:.0f} minutes\n")
    sys.exit(0 if peak <= chosen.most_mb else 1)


if __name__ == "__main__":
    main()
