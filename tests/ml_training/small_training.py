"""The small network, trained from nothing on walls with faint cracks; as a command, with so many
threads: `python -m tests.ml_training.small_training 2`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml_training.caching import CachedPhotos, in_memory
from ml_training.dataset import Example
from tests.ml_training.conftest import draw_wall

SIDE, LEARNED, MEASURED, STEPS = 64, 160, 400, 120
FAINT = 0.7
"""What is left of a crack's darkness."""

Floats = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]


def cracked(count: int) -> Answers:
    """Say which pictures have a crack: every second one."""
    answers: Answers = np.arange(count) % 2 == 0
    return answers


def picture(seed: int, *, with_crack: bool) -> npt.NDArray[np.uint8]:
    plain, dark = (
        np.asarray(draw_wall(seed, cracked=crack, width=SIDE, height=SIDE), np.float32)
        for crack in (False, with_crack)
    )
    return ((1 - FAINT) * plain + FAINT * dark).astype(np.uint8)


def lessons(labels: Answers) -> CachedPhotos:
    """Give the pictures to learn from, under these labels."""
    return in_memory(
        (
            Example(
                Path(f"{seed}.jpg"),
                bool(said),
                "crack" if said else "clear",
                f"{seed}",
                "s",
                "train",
                None,
            ),
            picture(seed, with_crack=bool(there)),
            None,
        )
        for seed, (said, there) in enumerate(zip(labels, cracked(len(labels)), strict=True))
    )


def scores_after_learning(labels: Answers) -> Floats:
    """Train on the first pictures and judge `MEASURED` others by their strongest cells."""
    import keras

    from ml_training.architecture import Architecture, build
    from ml_training.augmentation import AS_IT_IS
    from ml_training.runs import Phase, Run
    from ml_training.sampling import CropSampler, Sampling
    from ml_training.training import Trainer

    run = Run(
        "small training",
        phases=(Phase(STEPS, sides=(SIDE,), learning_rate=1e-3),),
        batch_pixels=16 * SIDE * SIDE,
        sampling=Sampling(scales=(1, 1), smallest_share=1.0, mosaic=0),
        augmentation=AS_IT_IS,
        averaging=0.9,
    )
    keras.utils.set_random_seed(0)
    network = build(Architecture(kind="small"))
    crops = CropSampler(
        lessons(labels), sampling=run.sampling, augmentation=run.augmentation, seed=run.seed
    )
    Trainer(network, run).train(crops, on_progress=lambda _: None, should_stop=lambda: False)
    unseen = np.stack(
        [picture(1000 + n, with_crack=bool(there)) for n, there in enumerate(cracked(MEASURED))]
    )
    logits = np.concatenate(
        [np.asarray(network(part.astype(np.float32))) for part in np.array_split(unseen, 8)]
    )
    strongest: Floats = logits.max(axis=(1, 2, 3)).astype(np.float64)
    return 1 / (1 + np.exp(-strongest))


def main(count: int) -> None:
    import tensorflow as tf

    from ml_training.evaluation import auc
    from ml_training.machine import threads

    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)
    scores = scores_after_learning(cracked(LEARNED))
    sys.stdout.write(json.dumps({"auc": auc(scores, cracked(MEASURED)), "threads": threads()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
