"""What a run's worker tells of itself: that it lives, and that it heard that it has to stop."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone

from classifier import retraining, training_pulse
from classifier.engine import Progress, StubEngine
from classifier.models import TrainingRun, User
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
