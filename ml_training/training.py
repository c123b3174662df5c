"""The training loop: crops in, weights out; resumable, stoppable, with progress.

Loss = crop loss + cell loss. A crop's logit is the log-mean-exp of its map, so photos with only a
yes/no answer and photos with a mask train the same network; the cell loss counts where the answer
for a cell is known: inside masked photos and everywhere in clear ones.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ml_training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from ml_training.contracts import Progress, TrainingCancelled, TrainingError
from ml_training.pooling import log_mean_exp
from ml_training.runs import Run, settings_sha256
from ml_training.sampling import Batch, CropSampler, batches
from ml_training.schedule import Step, plan_steps

SECONDS_BETWEEN_CHECKPOINTS = 120.0
STEPS_BETWEEN_PROGRESS = 20
STEPS_BETWEEN_CHECKS = 100
_HARD_PHOTOS_SHARE = 0.1
_CROPS_AT_ONCE = 16
"""Of the held-out crops: all 96 at once take 2 GB."""

# One graph for crops of all sizes from the first step on: graphs traced size by size round
# otherwise, and a training that goes on after a stop would not end with the same weights.
_SIGNATURE = [
    tf.TensorSpec((None, None, None, 3), tf.uint8),
    *(tf.TensorSpec((None,), tf.float32) for _ in ("labels", "weights")),
    *(tf.TensorSpec((None, None, None), tf.float32) for _ in ("cells", "weights")),
    *(tf.TensorSpec((), tf.float32) for _ in ("rate", "keep")),
]

OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Point:
    """A point of the learning curve: the loss on training crops (smoothed) and on held-out ones
    (NaN without them), after so many steps.
    """

    step: int
    loss: float
    held_out_loss: float


class Trainer:
    """Trains one network by one run.

    `checkpoint` is a file that is written now and then, or None; only a training by the same run
    on the same `photos`, told apart by their hash, goes on from it. `held_out` are crops whose
    loss is followed and never learned from.
    """

    def __init__(
        self,
        network: keras.Model,
        run: Run,
        *,
        checkpoint: Path | None = None,
        photos: str = "",
        held_out: Batch | None = None,
    ) -> None:
        self.network = network
        self.history: list[Point] = []
        self._run = run
        self._checkpoint = checkpoint
        self._fingerprint = f"{settings_sha256(run)} {photos}"
        self._hard: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._held_out = held_out
        self._optimizer = keras.optimizers.AdamW(1e-4, weight_decay=run.weight_decay, clipnorm=1.0)
        self._optimizer.build(network.trainable_variables)
        self._averages = [tf.Variable(v) for v in network.trainable_variables]
        self.seconds = 0.0
        """Time spent in steps, over all starts."""
        self._first = 0
        self._kept: list[npt.NDArray[np.float32]] = [v.numpy() for v in self._averages]
        self._update = tf.function(self._update_eagerly, input_signature=_SIGNATURE)
        self._restore()

    def train(
        self, sampler: CropSampler, *, on_progress: OnProgress, should_stop: ShouldStop
    ) -> None:
        """Run all phases from where the checkpoint stopped; leave the averaged weights in the
        network.

        Raises TrainingCancelled when asked to stop, TrainingError when the loss is no number.
        """
        plan = plan_steps(self._run)
        for index, phase in enumerate(self._run.phases):
            steps = [s for s in plan if s.phase == index and s.number >= self._first]
            sampler.leave_out(phase.without)
            if steps and phase.mine_hard and steps[0].position == 0:
                on_progress(
                    Progress(index + 1, len(self._run.phases), 0, phase.steps, 0.0, None, "mining")
                )
                self._hard = self._hard_photos(sampler)
            sampler.hard = self._hard
            self._run_phase(sampler, steps, len(plan), on_progress, should_stop)
            if steps:
                self._save(steps[-1].number + 1)
                self._keep(phase=index + 1)
        self._save(len(plan))
        for variable, weights in zip(self.network.trainable_variables, self._final(), strict=True):
            variable.assign(weights)

    def _run_phase(
        self,
        sampler: CropSampler,
        steps: Sequence[Step],
        total: int,
        on_progress: OnProgress,
        should_stop: ShouldStop,
    ) -> None:
        started = saved = time.monotonic()
        loss = math.nan
        drawn = batches(sampler, [(s.number, s.side, s.count) for s in steps])
        for done, (step, batch) in enumerate(zip(steps, drawn, strict=True), 1):
            began = time.monotonic()
            value = self._learn(batch, step)
            self.seconds += time.monotonic() - began
            loss = value if math.isnan(loss) else 0.98 * loss + 0.02 * value
            if should_stop():
                self._save(step.number + 1)
                raise TrainingCancelled(f"Stopped at step {step.number + 1} of {total}.")
            if (step.number + 1) % STEPS_BETWEEN_CHECKS == 0 or done == len(steps):
                self.history.append(Point(step.number + 1, loss, self._held_out_loss()))
            if done % STEPS_BETWEEN_PROGRESS == 0 or done == len(steps):
                left = (time.monotonic() - started) / done * (total - step.number - 1)
                on_progress(self._progress(step, loss, left))
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                self._save(step.number + 1)
                saved = time.monotonic()

    def _progress(self, step: Step, loss: float, left: float) -> Progress:
        return Progress(
            epoch=step.phase + 1,
            epochs=len(self._run.phases),
            step=step.position + 1,
            steps=self._run.phases[step.phase].steps,
            loss=loss,
            seconds_left=left,
            note=f"{step.side} px crops",
            held_out_loss=self._newest_held_out_loss(),
        )

    def _newest_held_out_loss(self) -> float | None:
        newest = self.history[-1].held_out_loss if self.history else math.nan
        return None if math.isnan(newest) else newest

    # === One step ===

    def _learn(self, batch: Batch, step: Step) -> float:
        value = float(
            self._update(
                tf.constant(batch.images),
                *_answers(batch),
                tf.constant(step.learning_rate, tf.float32),
                tf.constant(
                    min(self._run.averaging, (1 + step.number) / (10 + step.number)), tf.float32
                ),
            )
        )
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss became {value} at step {step.number}; lower the learning rate."
            )
        return value

    def _update_eagerly(
        self,
        images: Any,
        labels: Any,
        label_weights: Any,
        cells: Any,
        cell_weights: Any,
        rate: Any,
        keep: Any,
    ) -> Any:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.network(tf.cast(images, tf.float32), training=True)[..., 0]
            loss = self._loss(logits, labels, label_weights, cells, cell_weights)
        self._optimizer.learning_rate.assign(rate)
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        for average, variable in zip(self._averages, variables, strict=True):
            average.assign(keep * average + (1 - keep) * variable)
        return loss

    def _loss(
        self, logits: Any, labels: Any, label_weights: Any, cells: Any, cell_weights: Any
    ) -> Any:
        run = self._run
        count = tf.cast(tf.shape(logits)[1] * tf.shape(logits)[2], tf.float32)
        pooled = tf.reduce_logsumexp(run.sharpness * logits, axis=(1, 2)) - tf.math.log(count)
        soft = labels * (1 - run.label_smoothing) + run.label_smoothing / 2
        crop = tf.nn.sigmoid_cross_entropy_with_logits(soft, pooled / run.sharpness)
        crop = tf.reduce_sum(crop * label_weights) / tf.maximum(tf.reduce_sum(label_weights), 1.0)
        weights = cell_weights * (1 + cells * (run.cracked_cell_weight - 1))
        cell = tf.nn.sigmoid_cross_entropy_with_logits(cells, logits)
        cell = tf.reduce_sum(cell * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)
        return crop + run.cell_loss * cell

    def _held_out_loss(self) -> float:
        if self._held_out is None:
            return math.nan
        images = self._held_out.images
        few = [images[i : i + _CROPS_AT_ONCE] for i in range(0, len(images), _CROPS_AT_ONCE)]
        logits = [self.network(tf.cast(some, tf.float32), training=False)[..., 0] for some in few]
        return float(self._loss(tf.concat(logits, axis=0), *_answers(self._held_out)))

    # === Hard clear photos ===

    def _hard_photos(self, sampler: CropSampler) -> npt.NDArray[np.int64]:
        """Find the clear training photos that look most like cracks to the network as it is now."""
        numbers = sampler.clear_numbers()
        apply = tf.function(self.network, reduce_retracing=True)
        scores = [
            log_mean_exp(
                apply(tf.constant(sampler.whole(n)[None], tf.float32), training=False).numpy(), 2.0
            )
            for n in numbers
        ]
        order = np.argsort(scores)[::-1]
        return np.array(numbers)[order[: max(8, int(len(numbers) * _HARD_PHOTOS_SHARE))]]

    # === Blending ===

    def _keep(self, *, phase: int) -> None:
        """Put the averaged weights aside where they are wanted for the blend at the end."""
        if self._run.blend is None or self._run.blend[0] != phase:
            return
        self._kept = [np.asarray(average) for average in self._averages]
        if self._checkpoint is not None:
            arrays = {f"v{i:04d}": kept for i, kept in enumerate(self._kept)}
            np.savez(kept_beside(self._checkpoint), allow_pickle=False, **arrays)

    def _final(self) -> list[npt.NDArray[np.float32]]:
        """Give the averaged weights, blended with earlier ones where the run says so."""
        weights = [np.asarray(average) for average in self._averages]
        if self._run.blend is None:
            return weights
        share = np.float32(self._run.blend[1])
        pairs = zip(self._kept, weights, strict=True)
        return [(share * kept + (1 - share) * last).astype(np.float32) for kept, last in pairs]

    # === Checkpoints ===

    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self._optimizer.variables, *self._averages]

    def _save(self, step: int) -> None:
        if self._checkpoint is None:
            return
        history = np.array([(p.step, p.loss, p.held_out_loss) for p in self.history])
        variables = [np.asarray(variable) for variable in self._variables()]
        checkpoint = Checkpoint(step, self.seconds, history.reshape(-1, 3), self._hard, variables)
        write_checkpoint(self._checkpoint, checkpoint, self._fingerprint)

    def _restore(self) -> None:
        if self._checkpoint is None or not self._checkpoint.is_file():
            return
        saved = read_checkpoint(self._checkpoint, self._fingerprint)
        for variable, value in zip(self._variables(), saved.variables, strict=True):
            variable.assign(value)
        self._first, self.seconds, self._hard = saved.step, saved.seconds, saved.hard
        self.history = [Point(int(n), loss, held_out) for n, loss, held_out in saved.history]
        if kept_beside(self._checkpoint).is_file():
            with np.load(kept_beside(self._checkpoint)) as saved:
                self._kept = [saved[name] for name in sorted(saved.files)]


def _answers(batch: Batch) -> tuple[Any, Any, Any, Any]:
    parts = (batch.labels, batch.label_weights, batch.cells, batch.cell_weights)
    labels, label_weights, cells, cell_weights = (tf.constant(part) for part in parts)
    return labels, label_weights, cells, cell_weights


def kept_beside(checkpoint: Path) -> Path:
    """Give the file for the weights that wait for the blend."""
    return checkpoint.with_suffix(".kept.npz")
