"""Whatever admins press and whenever workers die, what the states promise holds after each step."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from classifier import overriding, rescoring, retraining, versions
from classifier.models import ModelVersion, Rescoring, TrainingRun, User
from classifier.models.training_run import MAX_ATTEMPTS
from classifier.states import OPEN_RUNS, RunState, VersionState
from tests.factories import make_lessons, make_user

pytestmark = pytest.mark.django_db
STEPS = 120
REFUSED = (
    retraining.AlreadyTraining,
    retraining.CannotTrain,
    versions.CannotActivate,
    versions.CannotDiscard,
    overriding.AgainstTheGate,
)


def execute(_by: User, _any: random.Random) -> None:
    for pk in retraining.queued_runs():
        retraining.execute(pk)


def fail(by: User, _any: random.Random) -> None:
    """Let one file teach and measure, and train: the run itself refuses that."""
    retraining.request_run(by=by, anyway=True)
    for run in TrainingRun.objects.queued():
        sides = {entry["side"]: entry for entry in run.manifest}
        sides["learn"]["sha256"] = sides["test"]["sha256"]
        run.save()
        retraining.execute(run.pk)


def die(by: User, chance: random.Random) -> None:
    """Let a worker take the run and fall silent, for the last time or not; the sweeper finds it."""
    if not TrainingRun.objects.open().exists():
        retraining.request_run(by=by, anyway=True)
    now = timezone.now()
    attempts = chance.choice([1, MAX_ATTEMPTS])
    TrainingRun.objects.queued().move("running", heartbeat_at=now, attempts=attempts)
    retraining.resume_silent(now + timedelta(seconds=settings.TRAINING_SILENCE_SECONDS + 1))


def cancel(by: User, _any: random.Random) -> None:
    run = TrainingRun.objects.open().first()
    if run:
        retraining.cancel(run, by=by)


def request(by: User, _any: random.Random) -> None:
    retraining.request_run(by=by, anyway=True)


def some_version(chance: random.Random) -> ModelVersion:
    return chance.choice(list(ModelVersion.objects.all()))


def activate(by: User, chance: random.Random) -> None:
    versions.activate(some_version(chance), by=by, reason=chance.choice(["", "wanted"]))


def discard(by: User, chance: random.Random) -> None:
    versions.discard(some_version(chance), by=by)


def rescore(by: User, chance: random.Random) -> None:
    version = some_version(chance)
    if version.state != VersionState.DISCARDED:
        asked = rescoring.ask(version, by=by)
        chance.choice([rescoring.go_on, lambda _pk: rescoring.cancel(asked, by=by)])(asked.pk)


ACTS: list[Callable[[User, random.Random], None]] = [
    *(execute, die, fail, cancel, request, request, execute),
    *(activate, discard, rescore),
]


def check() -> None:
    assert ModelVersion.objects.filter(state=VersionState.ACTIVE).count() == 1
    assert TrainingRun.objects.open().count() <= 1
    for run in TrainingRun.objects.all():
        assert (run.state in OPEN_RUNS) == (run.slot == 1)
        assert (run.state == "succeeded") == (run.candidate is not None)
    for version in ModelVersion.objects.all():
        kept = versions.model_folder(version).is_dir()
        assert kept == (version.state != VersionState.DISCARDED), version
    assert Rescoring.objects.open().count() <= ModelVersion.objects.count()


@pytest.mark.parametrize("seed", range(3))
def test_a_random_walk_breaks_no_promise(seed: int) -> None:
    admin, chance = make_user("admin", "reviewer"), random.Random(seed)
    make_lessons(admin)
    for _ in range(STEPS):
        with suppress(*REFUSED):
            chance.choice(ACTS)(admin, chance)
        check()
    ends = set(TrainingRun.objects.counts_by_state()) - OPEN_RUNS
    assert ends == set(RunState) - OPEN_RUNS, "The walk came to every end a run can have."
