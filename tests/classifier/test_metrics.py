"""Figures for Prometheus: right, the same from every process, and for those alone who may see."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from classifier import health, metrics, tasks
from classifier.models import Photo, Prediction, Pulse, Tally
from tests.classifier.test_tasks import Broken
from tests.conftest import ROOT
from tests.factories import (
    active_version,
    jpeg,
    make_classified,
    make_photo,
    make_photo_set,
    upload_file,
)

pytestmark = pytest.mark.django_db

TOKEN = "t0ken-" * 10


def figures() -> dict[tuple[str, str], float]:
    """The values by name and label."""
    return {
        (
            sample.name.removeprefix("hairline_"),
            next(iter(sample.labels.values()), ""),
        ): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def test_photos_are_counted_by_state_and_the_oldest_has_its_age() -> None:
    make_classified()
    waiting = make_photo()
    Photo.objects.by_id(waiting.pk).update(
        uploaded_at=timezone.now() - timedelta(minutes=5), attempts=2
    )
    told = figures()
    assert (told["photos", "classified"], told["photos", "waiting"]) == (1, 1)
    assert (told["photos", "quarantined"], told["photos_tried_again", ""]) == (0, 1)
    assert 300 <= told["oldest_waiting_seconds", ""] < 360
    assert 0 < told["disk_free_bytes", ""] <= told["disk_bytes", ""]


def test_without_a_photo_nothing_waits() -> None:
    assert figures()["oldest_waiting_seconds", ""] == 0


def test_the_seconds_of_each_answer_fall_into_buckets() -> None:
    for seconds in (0.04, 0.2, 99.0):
        Prediction.objects.filter(photo=make_classified()).update(seconds=seconds)
    told = figures()
    within = [told["classification_seconds_bucket", bound] for bound in ("0.05", "0.25", "60.0")]
    assert within == [1, 2, 2]
    assert (
        told["classification_seconds_bucket", "+Inf"]
        == told["classification_seconds_count", ""]
        == 3
    )
    assert told["classification_seconds_sum", ""] == pytest.approx(99.24)


def test_each_upload_is_counted_by_its_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.Doorbell, "ring", lambda *_: True)
    photo_set = make_photo_set()
    client.force_login(photo_set.uploaded_by, backend="django.contrib.auth.backends.ModelBackend")
    for content in (jpeg(number=1), jpeg(number=1), b"no photo"):
        address = reverse("photo-upload", args=[photo_set.pk])
        client.post(
            address, {"photo": upload_file(content)}, headers={"Accept": "application/json"}
        )
    told = figures()
    counts = [told["uploads_total", answer] for answer in ("stored", "duplicate", "refused")]
    assert counts == [1, 1, 1]


def test_what_the_clockwork_measured_is_told_with_its_age() -> None:
    workers = {"classify@a": {"queues": ["classify"]}, "classify@b": {"queues": ["classify"]}}
    Pulse.objects.beat(health.CENSUS, queues={"classify": 7, "train": 0}, workers=workers)
    Pulse.objects.beat(health.VERIFICATION, broken=2)
    told = figures()
    assert told["queue_messages", "classify"] == 7
    assert (told["workers", "classify"], told["workers", "train"]) == (2, 0)
    assert told["broken_promises", ""] == 2
    assert 0 <= told["pulse_age_seconds", "census"] < 60


def test_a_broker_that_fails_is_told_from_every_process() -> None:
    assert figures()["broker_silent", ""] == 0
    bell = tasks.Doorbell()
    for _ in range(tasks.Doorbell.FAILURES):
        bell.ring(Broken(), 1)
    assert figures()["broker_silent", ""] == 1


def test_a_tally_counts_each_label_for_itself() -> None:
    for label in ("stored", "stored", "refused"):
        Tally.objects.count_one("uploads", label)
    assert Tally.objects.of("uploads") == {"stored": 2, "refused": 1}


@pytest.mark.parametrize(
    ("setting", "shown", "status"),
    [
        (TOKEN, f"Bearer {TOKEN}", 200),
        (TOKEN, f"Bearer {TOKEN}x", 302),
        (TOKEN, "", 302),
        ("", "Bearer ", 302),
        ("", "", 302),
    ],
)
def test_figures_are_for_the_token_alone_where_nobody_is_signed_in(
    client: Client, settings: Settings, setting: str, shown: str, status: int
) -> None:
    settings.METRICS_TOKEN = setting
    active_version()
    answer = client.get(reverse("metrics"), headers={"Authorization": shown})
    assert answer.status_code == status
    assert (b"hairline_photos" in answer.content) is (status == 200)


@pytest.mark.parametrize("file", ["deploy/alerts.yml", "docs/reference/metrics.md"])
def test_what_alerts_and_the_guide_name_is_told(file: str) -> None:
    for name in (health.CENSUS, health.VERIFICATION):
        Pulse.objects.beat(name, queues={"classify": 0})
    told = {name for name, _ in figures()} | {"classification_seconds"}
    named = set(re.findall(r"hairline_([a-z_]+)(?=[{`() <>=\[])", (ROOT / file).read_text()))
    assert named
    assert named <= told
