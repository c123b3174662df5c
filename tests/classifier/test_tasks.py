from datetime import timedelta

import pytest
from celery import Task, current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from classifier import tasks
from classifier.models import Photo
from classifier.states import PhotoState
from tests.factories import active_version, make_photo

pytestmark = pytest.mark.django_db
STARTED_AT = 4
"""The niceness of the worker."""


class Broken:
    """A task whose broker takes nothing."""

    app = current_app

    def __init__(self) -> None:
        self.calls = 0

    def apply_async(self, _arguments: tuple[int], **_how: object) -> None:
        self.calls += 1
        raise OperationalError("refused")


@pytest.fixture(autouse=True)
def stepped_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record by how much the worker became nicer; the tests stay as they are."""
    steps: list[int] = []

    def nice(more: int) -> int:
        steps.append(more)
        return STARTED_AT + sum(steps)

    monkeypatch.setattr("classifier.tasks.os.nice", nice)
    return steps


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    ids: list[int] = []
    monkeypatch.setattr(
        tasks.Doorbell, "ring", lambda _bell, _task, row_id, **_how: ids.append(row_id)
    )
    return ids


def test_a_dead_broker_never_raises_and_is_left_alone_after_three_failures() -> None:
    bell, task = tasks.Doorbell(), Broken()
    assert [bell.ring(task, 1) for _ in range(6)] == [False] * 6
    assert task.calls == tasks.Doorbell.FAILURES


def test_a_photo_nobody_was_told_of_is_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo()
    monkeypatch.setattr(tasks.Doorbell, "ring", lambda *_, **__: False)
    tasks.ring_for_photo(photo)
    photo.refresh_from_db()
    assert photo.rung_at is None


def test_running_the_task_twice_classifies_once() -> None:
    active_version()
    photo = make_photo()
    for _ in range(2):
        tasks.classify_photo(photo.pk)
    photo.refresh_from_db()
    assert (photo.state, photo.attempts) == (PhotoState.CLASSIFIED, 1)
    assert photo.predictions.count() == 1


def test_the_sweeper_rings_where_messages_were_lost(
    sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = make_photo()
    monkeypatch.setattr(tasks, "_messages_waiting", lambda: 0)
    tasks.sweep()
    tasks.sweep()
    assert sent == [photo.pk]


def test_the_sweeper_leaves_a_full_queue_alone(
    sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo()
    monkeypatch.setattr(tasks, "_messages_waiting", lambda: 1)
    tasks.sweep()
    assert sent == []


def test_photos_whose_worker_died_go_ahead_of_a_full_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo, sent = make_photo(), []
    Photo.objects.claim(photo.pk, claimant="a", lease=timedelta(-1), now=timezone.now())
    make_photo()
    monkeypatch.setattr(tasks, "_messages_waiting", lambda: 2)
    monkeypatch.setattr(
        tasks.Doorbell, "ring", lambda _bell, _task, row_id, **how: sent.append((row_id, how))
    )
    tasks.sweep()
    tasks.sweep()
    assert sent == [(photo.pk, {"ahead": True})]


def test_a_task_for_a_photo_that_is_gone_ends_quietly() -> None:
    tasks.classify_photo(12345)
    assert not Photo.objects.exists()


@pytest.mark.parametrize(
    ("task", "niceness"),
    [
        (tasks.classify_photo, tasks.CLASSIFYING_NICENESS),
        (tasks.run_training, tasks.TRAINING_NICENESS),
    ],
)
def test_photos_yield_to_pages_and_trainings_to_photos_once_and_for_all(
    task: Task, niceness: int, stepped_back: list[int]
) -> None:
    for _ in range(2):
        task(12345)
    assert sum(stepped_back) == niceness - STARTED_AT
    assert tasks.CLASSIFYING_NICENESS < tasks.TRAINING_NICENESS
