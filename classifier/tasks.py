"""Celery tasks: envelopes with an id in them. The database row says what is to be done."""

import logging
import os
import time
from contextlib import suppress
from functools import cache
from typing import Any

import kombu.pools
from celery import Celery, Task, shared_task
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from classifier import (
    classification,
    failpoints,
    health,
    lessons,
    printing,
    rescoring,
    retraining,
    trials,
)
from classifier.models import ModelVersion, Photo, Pulse, Report, TrainingRun

logger = logging.getLogger(__name__)

TRAINING_LIMIT_SECONDS = 6 * 3600
CLASSIFYING_NICENESS, TRAINING_NICENESS = 5, 10
"""Pages go first, then photos, then trainings: people wait for pages."""
AHEAD = 0
"""The priority that is served first."""


class Doorbell:
    """Sends task messages without ever holding up or failing the caller.

    After three failures in a row it stays silent for a while: a frozen broker costs seconds a call.
    The sweeper rings for whatever was missed.
    """

    FAILURES = 3
    SILENCE_SECONDS = 15.0

    def __init__(self) -> None:
        self.failures = 0
        self.silent_until = 0.0

    def ring(self, task: Task, row_id: int, *, ahead: bool = False) -> bool:
        """Send `task` with `row_id`, `ahead` of all that wait; False where the broker did not take
        it.
        """
        if time.monotonic() < self.silent_until:
            return False
        try:
            with _impatient_producers(task.app).acquire(block=True, timeout=1) as producer:
                priority = AHEAD if ahead else settings.CELERY_TASK_DEFAULT_PRIORITY
                task.apply_async((row_id,), producer=producer, retry=False, priority=priority)
        except (OperationalError, OSError) as error:
            self.failures += 1
            logger.warning("the broker took no message (%s); the sweeper will ring", error)
            if self.failures >= self.FAILURES:
                self.silent_until = time.monotonic() + self.SILENCE_SECONDS
                with suppress(DatabaseError):  # told to monitoring, for all processes
                    Pulse.objects.beat(health.BREAKER)
            return False
        self.failures = 0
        return True


@cache
def _impatient_producers(app: Celery) -> Any:
    """Return senders that give a frozen broker one second, where workers are patient with it."""
    with app.connection_for_write() as patient:
        connection = patient.clone(
            transport_options={
                **app.conf.broker_transport_options,
                "socket_timeout": 1,
                "socket_connect_timeout": 1,
                "max_retries": 0,
            }
        )
    pools: Any = kombu.pools  # which carry no types
    return pools.ProducerPool(connection.Pool(limit=8), limit=8)


doorbell = Doorbell()


def ring_for_photo(photo: Photo) -> None:
    """Ask for a stored photo to be classified. Call after the commit."""
    if doorbell.ring(classify_photo, photo.pk):
        with suppress(DatabaseError):  # a note for the sweeper; the photo itself is committed
            Photo.objects.by_id(photo.pk).update(rung_at=timezone.now())


def ring_for_report(report: Report) -> None:
    if doorbell.ring(write_report, report.pk):
        Report.objects.rung(report.pk, timezone.now())


def ring_for_run(run: TrainingRun) -> None:
    doorbell.ring(run_training, run.pk)


def _step_back(niceness: int) -> None:
    """Leave the processor to others where they want it; a process can only become nicer."""
    os.nice(max(0, niceness - os.nice(0)))


@shared_task(bind=True, time_limit=settings.CLASSIFY_LEASE_SECONDS)
def classify_photo(self: Task, photo_id: int) -> None:
    _step_back(CLASSIFYING_NICENESS)
    failpoints.hit("W1", photo_id)
    classification.classify(photo_id, claimant=str(self.request.id))


@shared_task(bind=True, time_limit=printing.LEASE.total_seconds())
def write_report(self: Task, report_id: int) -> None:
    printing.write(report_id, claimant=str(self.request.id))


@shared_task(time_limit=TRAINING_LIMIT_SECONDS)
def run_training(run_id: int) -> None:
    _step_back(TRAINING_NICENESS)
    retraining.execute(run_id)
    _ring_for_rescorings()


@shared_task(time_limit=TRAINING_LIMIT_SECONDS)
def compare_version(version_id: int) -> None:
    _step_back(TRAINING_NICENESS)
    trials.carry_out(ModelVersion.objects.get(pk=version_id))
    _ring_for_rescorings()


@shared_task(time_limit=TRAINING_LIMIT_SECONDS)
def rescore(rescoring_id: int) -> None:
    _step_back(TRAINING_NICENESS)
    rescoring.go_on(rescoring_id)
    _ring_for_rescorings()


def _ring_for_rescorings() -> None:
    """Ring for those that nobody works on: new ones, and ones whose time was up."""
    for rescoring_id in rescoring.take_due(timezone.now()):
        doorbell.ring(rescore, rescoring_id)


@shared_task(time_limit=60)
def sweep() -> None:
    """Ring for photos and runs that were missed, set aside what keeps failing, clear leftovers."""
    now = timezone.now()
    classification.quarantine_exhausted(now)
    retraining.resume_silent(now)
    classification.clear_abandoned_uploads()
    for photo_id in classification.take_abandoned(now):
        doorbell.ring(classify_photo, photo_id, ahead=True)
    messages = _messages_waiting()
    if messages < Photo.objects.pending().count():
        for photo_id in classification.take_waiting(now):
            doorbell.ring(classify_photo, photo_id)
    printing.give_up_exhausted(now)
    for report_id in printing.take_due(now):
        doorbell.ring(write_report, report_id)
    for run_id in retraining.queued_runs():
        doorbell.ring(run_training, run_id)
    _ring_for_rescorings()
    Pulse.objects.beat(health.SWEEP, messages=messages)
    lessons.order_new()


@shared_task(bind=True, time_limit=60)
def take_census(self: Task) -> None:
    """Note what the queues hold and which workers answer within a second, for pages and metrics.

    The pages themselves never ask the broker: they must open when it is down or frozen.
    """
    app = self.app
    # The worker that asks is busy with asking; it knows itself.
    workers = {self.request.hostname: {"version": settings.VERSION, "queues": ["maint"]}}
    for reply in app.control.broadcast("hairline_facts", reply=True, timeout=1) or []:
        workers |= {name: facts for name, facts in reply.items() if "version" in facts}
    queues = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    with app.connection_for_read() as connection:
        depths = {name: _messages_in(connection, name) for name in sorted(queues)}
    Pulse.objects.beat(health.CENSUS, queues=depths, workers=workers)


@shared_task(time_limit=TRAINING_LIMIT_SECONDS)
def verify() -> None:
    """Check each night what the site promises; with the trainings, so that no photo waits."""
    health.verify_all(timezone.now())


def _messages_waiting() -> int:
    """Return the length of the classify queue: as long as photos wait, and no message is lost."""
    with classify_photo.app.connection_for_read() as connection:
        return _messages_in(connection, "classify")


def _messages_in(connection: Any, queue: str) -> int:
    # Not passive: on Redis an empty queue does not exist, and asking for it would be an error.
    return int(connection.default_channel.queue_declare(queue).message_count)
