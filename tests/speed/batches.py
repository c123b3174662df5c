"""`./dev bench batches`: processor time of a photo answered alone and among others of its size.

Processor time and not the clock, in turns, so that other work on the machine changes little.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from ml_training import RELEASED
from ml_training.inference import OpenVINOBackend
from ml_training.machine import machine

TOGETHER = 8
ROUNDS = 7
SIZES = {"patch of 227 px": (336, 336), "2 MP and more": (864, 1152)}
"""(height, width) of the finest working size."""


def milliseconds(answer: Callable[[], object]) -> float:
    began = time.process_time()
    answer()
    return 1000 * (time.process_time() - began) / TOGETHER


def main() -> None:
    backend = OpenVINOBackend(RELEASED)
    sys.stdout.write(f"{machine()}\nphoto | alone | {TOGETHER} together | ratio\n")
    for name, size in SIZES.items():
        shape = (TOGETHER, *size, 3)
        photos = np.random.default_rng(0).random(shape, dtype=np.float32) * 255
        backend.answer(photos)  # the first of a size prepares it
        ways = (
            (lambda p=photos: [backend.answer(one[None]) for one in p]),
            (lambda p=photos: backend.answer(p)),
        )
        rounds = [[milliseconds(way) for way in ways] for _ in range(ROUNDS)]
        alone, together = np.median(rounds, axis=0)
        sys.stdout.write(f"{name} | {alone:.1f} ms | {together:.1f} ms | {alone / together:.2f}\n")


if __name__ == "__main__":
    main()
