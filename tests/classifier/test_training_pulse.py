"""What a run's worker tells of itself: that it lives, and that it heard that it has to stop."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone

from classifier import gate, pictures, retraining, training_pulse, versions
from classifier.engine import LabelledPhoto, Progress, StubEngine
from classifier.manifests import Entry
from classifier.models import ModelVersion, TrainingRun, User
from classifier.models.training_run import TrainingRunQuerySet
from classifier.states import RunState
from tests.classifier.test_retraining import silent
from tests.factories import make_lessons, make_user
from tests.live_site import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    admin = make_user("admin", "reviewer")
    make_lessons(admin)
    return admin


def test_a_worker_that_was_thought_dead_stops_when_another_goes_on(admin: User) -> None:
    run = silent(admin)
    run.refresh_from_db()
    brake, heart = training_pulse.Brake(run), training_pulse.Heart(run)
    TrainingRun.objects.by_id(run.pk).update(attempts=2)
    heart.beat(Progress(1, 4, 1, 1, 0.5, None, ""))
    assert brake.pulled()
    run.refresh_from_db()
    assert run.history == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("stage", ["retrain", "compare"])
def test_a_stage_that_tells_of_no_progress_keeps_its_heartbeat(
    admin: User, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """R12: it lasts until the clock has written twice, and nothing else writes meanwhile."""
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0.05)
    run, carry_on = retraining.request_run(by=admin), getattr(StubEngine, stage)

    def quiet(*given: object) -> object:
        for _ in range(2):
            began = timezone.now()
            written = TrainingRun.objects.filter(heartbeat_at__gt=began)
            wait_until(written.exists, "heartbeat", seconds=30)
            assert retraining.resume_silent(began + timedelta(seconds=90)) == 0
        return carry_on(*given)

    monkeypatch.setattr(StubEngine, stage, quiet)
    assert retraining.execute(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED


def test_a_database_that_is_locked_for_a_moment_ends_no_run(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails progress and the look at the brake alike; what was not written comes later."""
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0)
    monkeypatch.setattr(training_pulse.Heart, "_tick", lambda _self: None)
    monkeypatch.setattr(training_pulse, "connection", Mock())  # the tests' own stays open
    held, asked = TrainingRunQuerySet.held, []

    def locked_at_first(runs: TrainingRunQuerySet, run: TrainingRun) -> TrainingRunQuerySet:
        asked.append(run)
        if len(asked) <= 3:
            raise OperationalError("database is locked")
        return held(runs, run)

    run = retraining.request_run(by=admin)
    monkeypatch.setattr(TrainingRunQuerySet, "held", locked_at_first)
    assert retraining.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, [point["epoch"] for point in run.history]) == ("succeeded", [1, 2, 3, 4])


def test_a_run_that_met_a_locked_database_after_it_learned_goes_on(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, labelled = retraining.request_run(by=admin), gate.labelled
    kept: list[Path] = []

    def locked_once(entries: list[Entry]) -> list[tuple[int, LabelledPhoto]]:
        if TrainingRun.objects.get().history and not kept:
            kept.append(retraining._checkpoint(run))
            kept[0].parent.mkdir(parents=True)
            kept[0].touch()
            raise OperationalError("database is locked")
        return labelled(entries)

    monkeypatch.setattr(gate, "labelled", locked_once)
    with pytest.raises(OperationalError):
        retraining.execute(run.pk)
    assert kept[0].exists(), "The next attempt begins at the last epoch."
    retraining.resume_silent(timezone.now() + timedelta(seconds=91))
    assert retraining.execute(run.pk)
    assert TrainingRun.objects.get().state == RunState.SUCCEEDED


def test_a_worker_that_wakes_after_its_run_was_queued_again_leaves_it_to_the_next(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody cancelled it: it goes on from its last epoch."""
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0)
    monkeypatch.setattr(training_pulse.Heart, "_tick", lambda _self: None)
    run, beat = retraining.request_run(by=admin), training_pulse.Heart.beat
    slept: list[int] = []

    def sleep_once(heart: training_pulse.Heart, progress: Progress) -> None:
        beat(heart, progress)
        if progress.epoch == 2 and not slept:
            slept.append(retraining.resume_silent(timezone.now() + timedelta(seconds=91)))

    monkeypatch.setattr(training_pulse.Heart, "beat", sleep_once)
    assert not retraining.execute(run.pk)
    assert (slept, TrainingRun.objects.get().state) == ([1], RunState.QUEUED)
    assert retraining.execute(run.pk)
    assert TrainingRun.objects.get().state == RunState.SUCCEEDED


def test_a_wish_to_stop_is_heard_while_pictures_that_taught_are_looked_for(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = retraining.request_run(by=admin)
    retraining.execute(first.pk)
    candidate = ModelVersion.objects.get(state="candidate")
    versions.activate(candidate, by=admin, reason="to go on from it")
    run = retraining.request_run(by=admin, anyway=True)
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0)
    monkeypatch.setattr(training_pulse.Heart, "_tick", lambda _self: None)
    untaught, read = gate.untaught, Mock(side_effect=AssertionError("It goes on reading."))

    def cancelled_before(*args: Any, **more: Any) -> Any:
        retraining.cancel(TrainingRun.objects.by_id(run.pk).get(), by=admin)
        monkeypatch.setattr(pictures, "turned_traces", read)
        return untaught(*args, **more)

    monkeypatch.setattr(gate, "untaught", cancelled_before)
    assert retraining.execute(run.pk)
    assert TrainingRun.objects.by_id(run.pk).get().state == RunState.CANCELLED


def test_an_attempt_that_was_given_up_writes_no_heartbeat(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = silent(admin)
    before = TrainingRun.objects.get()
    TrainingRun.objects.by_id(run.pk).update(attempts=2)
    heart = training_pulse.Heart(before)
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0)
    turns = iter([False, True])
    monkeypatch.setattr(heart._stopped, "wait", lambda _seconds: next(turns))
    monkeypatch.setattr(training_pulse, "connection", Mock())
    heart._tick()
    assert TrainingRun.objects.get().heartbeat_at == before.heartbeat_at
