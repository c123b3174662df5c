"""Retraining from reviewed photos: freeze a manifest, train apart, keep a candidate."""

import logging
import shutil
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier import failpoints, gate, manifests, versions
from classifier.engine import (
    CompareRequest,
    Comparison,
    HairlineMLError,
    LabelledPhoto,
    ModelFacts,
    Progress,
    RetrainRequest,
    TrainingCancelled,
    engine,
)
from classifier.manifests import MIN_PHOTOS_OF_A_KIND, Bar, Entry, LeakedSplit
from classifier.models import AuditEvent, ModelVersion, TrainingRun, User
from classifier.states import RunState, Side

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0


class CannotTrain(Exception):
    """A run cannot start; the message says what is missing."""


class AlreadyTraining(Exception):
    """Another run is open: `run`."""

    def __init__(self, run: TrainingRun) -> None:
        super().__init__(f"{run} is under way")
        self.run = run


class NothingNew(Exception):
    """The reviewed photos are those that `run` learned from."""

    def __init__(self, run: TrainingRun) -> None:
        super().__init__(f"Nothing was reviewed since {run}; it learned from the same photos")
        self.run = run


@dataclass(frozen=True)
class Readiness:
    """Whether a run would have enough to learn from, and how much of it is new."""

    bars: list[Bar]
    new: int
    """Photos decided, decided again or withdrawn since the last run that gave a candidate."""
    last: TrainingRun | None

    @property
    def is_enough(self) -> bool:
        return all(bar.is_met for bar in self.bars)


def readiness() -> Readiness:
    labels, last = manifests.labels(), TrainingRun.objects.last_succeeded()
    new = manifests.changes_since(last.manifest if last else [], labels)
    return Readiness(manifests.bars(labels), new, last)


def request_run(*, by: User, anyway: bool = False) -> TrainingRun:
    """Freeze what is reviewed now and queue a run.

    Raises CannotTrain, AlreadyTraining; NothingNew, unless it is asked for `anyway`.
    """
    running = TrainingRun.objects.open().first()
    if running:
        raise AlreadyTraining(running)
    base = ModelVersion.objects.active()
    if base is None:
        raise CannotTrain("No model version is active, so there is nothing to start from.")
    _check_ready(readiness(), anyway=anyway)
    try:
        with transaction.atomic():
            return _stored(base, by=by)
    except IntegrityError as error:
        raise AlreadyTraining(TrainingRun.objects.open().get()) from error


def _stored(base: ModelVersion, *, by: User) -> TrainingRun:
    manifest = manifests.freeze()
    _check_learnable(manifest)
    run = TrainingRun.objects.create(
        requested_by=by,
        base=base,
        manifest=manifest,
        manifest_sha256=manifests.digest(manifest),
    )
    AuditEvent.objects.record("training requested", run, by=by, photos=len(manifest))
    return run


def _check_ready(ready: Readiness, *, anyway: bool) -> None:
    for bar in ready.bars:
        if not bar.is_met:
            raise CannotTrain(
                f"{bar.needed} {bar.what} are needed; there are {bar.there}. "
                "Review more photos first."
            )
    if ready.last and not ready.new and not anyway:
        raise NothingNew(ready.last)


def _check_learnable(manifest: list[Entry]) -> None:
    """Refuse at the press what the training would refuse when it has begun."""
    learned = [entry["cracked"] for entry in manifests.of_side(manifest, Side.LEARN)]
    confirmed = sum(learned)
    if len(learned) < MIN_PHOTOS_OF_A_KIND or confirmed in (0, len(learned)):
        raise CannotTrain(
            "Some structures are kept apart to measure what was learned. Of the others’ photos, "
            f"{confirmed} are confirmed and {len(learned) - confirmed} dismissed; both kinds are "
            f"needed, {MIN_PHOTOS_OF_A_KIND} photos in all. Review photos of more structures."
        )


def execute(run_id: int) -> bool:
    """Train the queued run and register its candidate; False where there was nothing to do."""
    now = timezone.now()
    if not TrainingRun.objects.by_id(run_id).move(
        RunState.RUNNING, started_at=now, heartbeat_at=now
    ):
        return False
    failpoints.hit("T1")
    run = TrainingRun.objects.by_id(run_id).select_related("base", "requested_by").get()
    out = Path(settings.MODELS_ROOT) / f"run-{run.pk}"
    try:
        trained = _train(run, out)
    except TrainingCancelled:
        return _close(run, RunState.CANCELLED, "Cancelled; nothing was changed.")
    except (HairlineMLError, LeakedSplit) as error:
        return _close(run, RunState.FAILED, str(error))
    except Exception:
        logger.exception("training run %s failed", run_id)
        message = "The training stopped on an error; the log has it."
        return _close(run, RunState.FAILED, message)
    with transaction.atomic():
        failpoints.hit("T5")
        candidate = versions.register_candidate(trained.facts, out, parent=run.base)
        gate.record(trained.comparison, candidate, run.base, trained.measuring)
        closed = _close(run, RunState.SUCCEEDED, "", candidate=candidate)
        if not closed:
            transaction.set_rollback(True)
        failpoints.hit("T6")
    failpoints.hit("T7")
    return closed


@dataclass(frozen=True)
class _Trained:
    facts: ModelFacts
    measuring: list[tuple[int, LabelledPhoto]]
    comparison: Comparison


def _train(run: TrainingRun, out: Path) -> _Trained:
    """Write the candidate's folder and let the candidate stand beside the version it is from."""
    request = _request(run, out)
    failpoints.hit("T2")
    heart, brake = _Heart(run.pk), _Brake(run.pk)
    facts = engine().retrain(request, heart.beat, brake.pulled)
    failpoints.hit("T4")
    measuring = gate.labelled(manifests.of_side(run.manifest, Side.TEST))
    photos = tuple(photo for _, photo in measuring)
    sides = CompareRequest(request.base, out, photos, request.thresholds, facts.thresholds)
    try:
        comparison = engine().compare(sides, heart.compared, brake.pulled)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # nobody will register it
        raise
    return _Trained(facts, measuring, comparison)


def _request(run: TrainingRun, out: Path) -> RetrainRequest:
    manifests.refuse_leaks(run.manifest)
    return RetrainRequest(
        photos=tuple(photo for _, photo in gate.labelled(run.manifest)),
        held_out_groups=frozenset(
            str(entry["structure"]) for entry in manifests.of_side(run.manifest, Side.TEST)
        ),
        base=versions.sealed_folder(run.base),
        out=out,
        replay=Path(settings.REPLAY_DATA) if settings.REPLAY_DATA else None,
        epochs=settings.TRAINING_EPOCHS,
        seed=run.pk,
        name=f"run {run.pk} from {run.base.name}"[:80],
        thresholds=gate.thresholds_of(run.base),
    )


class _Heart:
    """Writes progress into the run, at most every `CHECK_SECONDS` and at each epoch's end."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.last = 0.0
        self.history: dict[int, float] = {}
        self.progress = Progress(0, 0, 0, 0, 0.0, None, "")

    def compared(self, done: int, total: int) -> None:
        """Tell how far the comparison after the last epoch is."""
        note = f"Comparing with the active version, {done} of {total}"
        self.beat(replace(self.progress, note=note, seconds_left=None))

    def beat(self, progress: Progress) -> None:
        failpoints.hit("T3", progress.epoch)
        self.progress = progress
        if progress.epoch:  # 0 tells of the stages before the first
            self.history[progress.epoch] = progress.loss
        is_last_step = 0 < progress.steps <= progress.step
        if time.monotonic() - self.last < CHECK_SECONDS and not is_last_step:
            return
        self.last = time.monotonic()
        TrainingRun.objects.by_id(self.run_id).update(
            heartbeat_at=timezone.now(),
            progress=vars(progress),
            history=[{"epoch": epoch, "loss": loss} for epoch, loss in self.history.items()],
        )


class _Brake:
    """Tells whether the run was asked to stop or was closed."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.last = 0.0
        self.is_pulled = False

    def pulled(self) -> bool:
        if time.monotonic() - self.last >= CHECK_SECONDS:
            self.last = time.monotonic()
            run = TrainingRun.objects.by_id(self.run_id).only("state", "cancel_requested").get()
            self.is_pulled = run.cancel_requested or run.state != RunState.RUNNING
        return self.is_pulled


def _close(
    run: TrainingRun, state: RunState, message: str, candidate: ModelVersion | None = None
) -> bool:
    closed = TrainingRun.objects.by_id(run.pk).close(
        state, message=message[:500], candidate=candidate, ended_at=timezone.now()
    )
    if closed:
        AuditEvent.objects.record(f"training {state}", run, by=None, message=message)
    return bool(closed)


def cancel(run: TrainingRun, *, by: User) -> None:
    """Stop a run: a queued one at once, a running one at its next step."""
    queued = TrainingRun.objects.by_id(run.pk).queued()
    queued.close(RunState.CANCELLED, message="Cancelled before it began.", ended_at=timezone.now())
    TrainingRun.objects.by_id(run.pk).open().update(cancel_requested=True)
    AuditEvent.objects.record("training cancel asked", run, by=by)


def interrupt_silent(now: datetime) -> int:
    """Close runs whose worker fell silent, so that a new one may start; return how many."""
    silence = timedelta(seconds=settings.TRAINING_SILENCE_SECONDS)
    return TrainingRun.objects.silent_since(now - silence).close(
        RunState.INTERRUPTED,
        message="The training worker stopped. Start a new run; nothing else was changed.",
        ended_at=now,
    )


def queued_runs() -> list[int]:
    return TrainingRun.objects.queued().ids()
