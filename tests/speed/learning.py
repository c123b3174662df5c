"""`./dev bench learning`: what a training run costs: its memory, and what it leaves to photos.

Memory: runs of `ml_training.retrain`, each in a process of its own, on photos of twelve megapixels
of which each is decoded. What a run holds grows with the photos that it learns from, of which there
is a most; so two runs at one most show that more photos cost nothing, and two mosts what a photo
costs. Throughput: photos a second that one classifying process gets through alone, and beside a run
as the training worker runs it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PHOTO, CANVAS, DRAWN = (4000, 3000), (5200, 3900), 8
MOST_MB, LEAST_SHARE = 2500, 0.5
PHOTOS_OF_A_RUN = 2000
KEPT_DRAWN = 40
"""So many different files; the others are further names of them."""
LEARNING = 0.8
"""The share that is not kept out to calibrate by."""
LOWER = 10
"""As `classifier.tasks.TRAINING_NICENESS`, which needs Django."""
STARTING = 15.0
"""Seconds until a run has loaded what it needs."""


def fill(folder: Path, count: int) -> list[Path]:
    """Write photos of which every second one is cracked, cut from a few drawn walls."""
    import numpy as np
    from PIL import Image

    from ml_training.synthetic import draw_photo

    draw, walls = np.random.default_rng(0), []
    for seed in range(DRAWN):
        wall = draw_photo(seed=seed, cracked=seed % 2 == 0, width=1300, height=975).image
        walls.append(wall.resize(CANVAS, Image.Resampling.BICUBIC))
    for number in range(count):
        path = folder / f"photo-{number:04}.jpg"
        if number >= KEPT_DRAWN:
            path.hardlink_to(folder / f"photo-{number % KEPT_DRAWN:04}.jpg")
            continue
        left, top = (
            int(draw.integers(have - want)) for have, want in zip(CANVAS, PHOTO, strict=True)
        )
        cut = walls[number % DRAWN].crop((left, top, left + PHOTO[0], top + PHOTO[1]))
        cut.save(path, quality=88)
    return sorted(folder.glob("photo-*.jpg"))


def learn(folder: Path, *, most: int, low: bool) -> None:
    """Train on from the released model with the photos of a folder; tell the peak memory."""
    from ml_training import RELEASED, retraining
    from ml_training.contracts import LabelledPhoto, RetrainRequest
    from ml_training.machine import peak_memory_mb

    os.nice(LOWER if low else 0)  # as the training worker does
    retraining.MOST_PHOTOS = most
    photos = tuple(
        LabelledPhoto(path, number % 2 == 0, f"structure {number % 20}", key=path.name)
        for number, path in enumerate(sorted(folder.glob("photo-*.jpg")))
    )
    out = Path(tempfile.mkdtemp(dir=folder)) / "candidate"
    request = RetrainRequest(photos, frozenset(), RELEASED, out, None, 1, 1, "bench")
    retraining.retrain(request, on_progress=lambda _: None, should_stop=lambda: False)
    sys.stdout.write(f"{peak_memory_mb():.0f}\n")


def peak_mb(count: int, most: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), count)
        began = time.perf_counter()
        told = _apart(Path(name), most).communicate()[0]
        peak = float(told.split()[-1])
        seconds = time.perf_counter() - began
    say(f"{count} photos of 12 MP, learned from at most {most}: {peak:.0f} MB, {seconds:.0f} s")
    return peak


def _apart(folder: Path, most: int, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.speed.learning", "--learn", str(folder)]
    command += ["--most", str(most), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def throughput(seconds: float, folder: Path, most: int) -> float:
    """Return which share of its idle pace one classifying process keeps beside a run."""
    photo = sorted(folder.glob("photo-*.jpg"))[0]
    alone = _pace(photo, seconds)
    run = _apart(folder, most, "--low")
    time.sleep(STARTING)
    beside = _pace(photo, seconds)
    assert run.poll() is None, "the run ended before it was measured; take more photos"
    run.kill()
    run.wait()
    share = beside / alone
    say(f"alone {alone:.2f} photos a second, beside a run {beside:.2f}: {100 * share:.0f} %")
    return share


def _pace(photo: Path, seconds: float) -> float:
    """Return the photos a second that are classified for so long."""
    from ml_training import RELEASED
    from ml_training.inference import load_classifier

    classifier = load_classifier(RELEASED)
    classifier.classify(photo)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        classifier.classify(photo)
        done += 1
    return done / (time.perf_counter() - began)


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench learning")
    parser.add_argument("--photos", type=int, default=300, help="of the larger runs")
    parser.add_argument("--few", type=int, default=100, help="of the smallest run")
    parser.add_argument("--seconds", type=float, default=60, help="of classifying alone")
    parser.add_argument("--learn", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--most", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--low", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.learn:
        learn(chosen.learn, most=chosen.most, low=chosen.low)
        return
    from ml_training.machine import machine
    from ml_training.retraining import MOST_PHOTOS

    say(machine())
    few, many = chosen.few, chosen.photos
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), many)
        share = throughput(chosen.seconds, Path(name), few)
    most, all_of_them = round(LEARNING * few), round(LEARNING * many)
    small, wide, large = peak_mb(few, most), peak_mb(many, most), peak_mb(many, all_of_them)
    of_one = (large - wide) / (all_of_them - most)
    whole = small + max(0.0, of_one) * (MOST_PHOTOS - most)
    whole += max(0.0, wide - small) / (many - few) * (PHOTOS_OF_A_RUN - few)
    say(
        f"{many - few} more photos cost {wide - small:.0f} MB where no more are learned from, and "
        f"{of_one:.2f} MB each that is: {whole:.0f} MB for {PHOTOS_OF_A_RUN} photos, of which a "
        f"run learns from {MOST_PHOTOS}."
    )
    sys.exit(0 if whole <= MOST_MB and share >= LEAST_SHARE else 1)


if __name__ == "__main__":
    main()
