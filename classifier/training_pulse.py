"""What a training run and its worker tell each other: progress and heartbeat, and when to stop."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Self

from django.db import DatabaseError, connection
from django.utils import timezone

from classifier import failpoints
from classifier.engine import Progress
from classifier.models import TrainingRun
from classifier.states import RunState

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0


@contextmanager
def _forgiven(run: TrainingRun) -> Iterator[None]:
    """Let hours of training outlast a locked or restarted database: the next beat tries again."""
    try:
        yield
    except DatabaseError as error:
        logger.warning("training run %s could not reach the database: %s", run.pk, error)
        connection.close_if_unusable_or_obsolete()


class Heart:
    """Writes progress into the run, at most every `CHECK_SECONDS` and at each epoch's end.

    Within its `with` block a thread writes the heartbeat as often, by the clock: reading a large
    photo or a long step tells of no progress, and its worker is not dead.
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.last = 0.0
        self.history: dict[int, dict[str, float | None]] = {
            point["epoch"]: point for point in run.history
        }
        self.progress = Progress(0, 0, 0, 0, 0.0, None, "")
        self._stopped = threading.Event()
        self._clock = threading.Thread(target=self._tick, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._clock.join()

    def _tick(self) -> None:
        while not self._stopped.wait(CHECK_SECONDS):
            with _forgiven(self.run):
                TrainingRun.objects.held(self.run).update(heartbeat_at=timezone.now())
            connection.close()  # this thread's own; the next beat takes one that works

    def compared(self, done: int, total: int) -> None:
        """Tell how far the comparison after the last epoch is."""
        note = f"Comparing with the active version, {done} of {total}"
        self.beat(replace(self.progress, note=note, seconds_left=None))

    def beat(self, progress: Progress) -> None:
        failpoints.hit("T3", progress.epoch)
        self.progress = progress
        if progress.epoch:  # 0 tells of the stages before the first
            self.history[progress.epoch] = {
                "epoch": progress.epoch,
                "loss": progress.loss,
                "held_out": progress.held_out_loss,
            }
        is_last_step = 0 < progress.steps <= progress.step
        if time.monotonic() - self.last < CHECK_SECONDS and not is_last_step:
            return
        self.last = time.monotonic()
        with _forgiven(self.run):
            TrainingRun.objects.held(self.run).update(
                heartbeat_at=timezone.now(),
                progress=vars(progress),
                history=[self.history[epoch] for epoch in sorted(self.history)],
            )


class Brake:
    """Tells whether the run was asked to stop, was closed, or goes on in another worker."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.last = 0.0
        self.is_pulled = False

    def pulled(self) -> bool:
        if time.monotonic() - self.last >= CHECK_SECONDS:
            self.last = time.monotonic()
            with _forgiven(self.run):
                run = TrainingRun.objects.held(self.run).first()
                self.is_pulled = not run or run.cancel_requested or run.state != RunState.RUNNING
        return self.is_pulled
