"""What Prometheus reads at /metrics: figures of the whole site, from the database and the disk.

Every figure is the same whichever web process answers, and no broker is asked: it may be what has
failed. What the clockwork measured (queues, workers) comes with the age of that measurement.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from classifier import health
from classifier.models import ModelVersion, Photo, Prediction, Pulse, Tally, TrainingRun
from classifier.states import PhotoState, RunState

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
ANSWERS = ("stored", "duplicate", "refused", "failed", "slowed")


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _photos(now)
        yield _uploads()
        yield _durations()
        yield from _training()
        yield from _clockwork(now)
        yield from _disk()


def _labelled(name: str, told: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _photos(now: datetime) -> Iterator[Metric]:
    counts = Photo.objects.counts_by("state")
    by_state = {str(state): float(counts.get(state, 0)) for state in PhotoState}
    yield _labelled("hairline_photos", "Photos by state.", "state", by_state)
    oldest = Photo.objects.oldest_pending()
    age = (now - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        "hairline_oldest_waiting_seconds", "Age of the oldest photo that waits.", age
    )
    tried = float(Photo.objects.tried_again().count())
    yield GaugeMetricFamily(
        "hairline_photos_tried_again", "Photos that took over one attempt.", tried
    )


def _uploads() -> Metric:
    family = CounterMetricFamily("hairline_uploads", "Uploads by answer.", labels=["answer"])
    counts = Tally.objects.of("uploads")
    for answer in ANSWERS:
        family.add_metric([answer], float(counts.get(answer, 0)))
    return family


def _durations() -> Metric:
    within, count, seconds = Prediction.objects.durations(BUCKETS)
    buckets = [(str(bound), float(found)) for bound, found in zip(BUCKETS, within, strict=True)]
    return HistogramMetricFamily(
        "hairline_classification_seconds",
        "How long the network looked at a photo.",
        buckets=[*buckets, ("+Inf", float(count))],
        sum_value=seconds,
    )


def _training() -> Iterator[Metric]:
    counts = TrainingRun.objects.counts_by_state()
    by_state = {str(state): float(counts.get(state, 0)) for state in RunState}
    yield _labelled("hairline_training_runs", "Training runs by state.", "state", by_state)
    failed = float(ModelVersion.objects.alarming().count())
    yield GaugeMetricFamily(
        "hairline_failed_versions", "Versions that could not be used and wait for an admin.", failed
    )


def _clockwork(now: datetime) -> Iterator[Metric]:
    pulses = {pulse.name: pulse for pulse in Pulse.objects.all()}
    ages = {name: (now - pulse.at).total_seconds() for name, pulse in pulses.items()}
    yield _labelled(
        "hairline_pulse_age_seconds", "Since the clockwork's part last ran.", "part", ages
    )
    open_now = ages.get(health.BREAKER, float("inf")) < health.BREAKER_SECONDS
    yield GaugeMetricFamily(
        "hairline_broker_silent", "1 while messages are not even tried.", float(open_now)
    )
    if health.VERIFICATION in pulses:
        broken = float(pulses[health.VERIFICATION].detail.get("broken", 0))
        yield GaugeMetricFamily(
            "hairline_broken_promises", "Findings of the last verification.", broken
        )
    census = pulses[health.CENSUS].detail if health.CENSUS in pulses else {}
    depths = {queue: float(count) for queue, count in census.get("queues", {}).items()}
    yield _labelled(
        "hairline_queue_messages", "Messages in a queue at the last census.", "queue", depths
    )
    served = dict.fromkeys(depths, 0.0)
    for worker in census.get("workers", {}).values():
        for queue in worker["queues"]:
            served[queue] = served.get(queue, 0.0) + 1
    yield _labelled("hairline_workers", "Workers of a queue at the last census.", "queue", served)


def _disk() -> Iterator[Metric]:
    disk = shutil.disk_usage(settings.MEDIA_ROOT)
    yield GaugeMetricFamily(
        "hairline_disk_free_bytes", "Free on the disk of the photos.", disk.free
    )
    yield GaugeMetricFamily("hairline_disk_bytes", "Size of the disk of the photos.", disk.total)
