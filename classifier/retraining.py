"""Retraining from reviewed photos: freeze a manifest, train apart, keep a candidate."""

import errno
import logging
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier import failpoints, gate, manifests, pictures, rescoring, roles, versions
from classifier.engine import (
    CompareRequest,
    Comparison,
    HairlineMLError,
    LabelledPhoto,
    ModelFacts,
    RetrainRequest,
    TrainingCancelled,
    engine,
)
from classifier.manifests import Entry, LeakedSplit
from classifier.models import AuditEvent, ModelVersion, TrainingRun, User
from classifier.models.training_run import LONGEST_MESSAGE, MAX_ATTEMPTS, TrainingRunQuerySet
from classifier.readiness import Readiness, readiness
from classifier.rights import written_by
from classifier.states import RunState, Side
from classifier.training_pulse import Brake, Heart

logger = logging.getLogger(__name__)

CANCELLED = "Cancelled; nothing was changed."
NO_ROOM = "The disk is full. Nothing else was changed; make room, then start a new run."
FAULT = "The training stopped on an error; the log has it."
STOPPED_OFTEN = (
    f"The training worker stopped {MAX_ATTEMPTS} times. Nothing else was changed. Look at its log "
    "before you start a new run."
)


class CannotTrain(Exception):
    """A run cannot start; the message says what is missing."""


class ChangedList(Exception):
    """What a run would learn from is not what was frozen when it was asked for."""


class AlreadyTraining(Exception):
    """Another run is open: `run`."""

    def __init__(self, run: TrainingRun) -> None:
        super().__init__(_("%(run)s is under way") % {"run": run})
        self.run = run


class NothingNew(Exception):
    """The reviewed photos are those that `run` learned from."""

    def __init__(self, run: TrainingRun) -> None:
        super().__init__(
            _("Nothing was reviewed since %(run)s; it learned from the same photos") % {"run": run}
        )
        self.run = run


def request_run(*, by: User, anyway: bool = False, afresh: bool = False) -> TrainingRun:
    """Freeze what is reviewed now and queue a run from the active version's weights.

    `afresh` starts from the model that was shipped, so that what later versions learned goes.
    Raises CannotTrain, AlreadyTraining; NothingNew, unless it is asked for `anyway` or afresh.
    """
    running = TrainingRun.objects.open().first()
    if running:
        raise AlreadyTraining(running)
    base = ModelVersion.objects.shipped() if afresh else ModelVersion.objects.active()
    if base is None:
        raise CannotTrain(_("No model version is active, so there is nothing to start from."))
    _check_ready(readiness(), anyway=anyway or afresh)
    try:
        return _stored(base, by=by)
    except IntegrityError as error:
        raise AlreadyTraining(TrainingRun.objects.open().get()) from error


@written_by(roles.TRAIN)
def _stored(base: ModelVersion, *, by: User) -> TrainingRun:
    manifest = manifests.freeze()
    _check_learnable(manifest)
    run = TrainingRun.objects.create(
        requested_by=by,
        base=base,
        manifest=manifest,
        manifest_sha256=manifests.digest(manifest),
        photos=len(manifest),
    )
    AuditEvent.objects.record("training requested", run, by=by, photos=len(manifest))
    return run


def _check_ready(ready: Readiness, *, anyway: bool) -> None:
    for bar in ready.bars:
        if not bar.is_met:
            raise CannotTrain(
                _("%(needed)s %(what)s are needed; there are %(there)s. Review more photos first.")
                % {"needed": bar.needed, "what": bar.what, "there": bar.there}
            )
    if ready.last and not ready.new and not anyway:
        raise NothingNew(ready.last)


def _check_learnable(manifest: list[Entry]) -> None:
    """Refuse at the press what the training would refuse when it has begun."""
    photos, confirmed, dismissed = bars = manifests.teaching_bars(manifest)
    if not all(bar.is_met for bar in bars):
        raise CannotTrain(
            _(
                "Some structures are kept apart to measure what was learned. Of the others’ "
                "photos, %(confirmed)s are confirmed and %(dismissed)s dismissed; both kinds are "
                "needed, %(needed)s photos in all. Review photos of more structures."
            )
            % {
                "confirmed": confirmed.there,
                "dismissed": dismissed.there,
                "needed": photos.needed,
            }
        )


def execute(run_id: int) -> bool:
    """Train the queued run and register its candidate; False where there was nothing to do."""
    now = timezone.now()
    if not TrainingRun.objects.by_id(run_id).move(
        RunState.RUNNING, started_at=now, heartbeat_at=now, attempts=F("attempts") + 1
    ):
        return False
    failpoints.hit("T1")
    run = TrainingRun.objects.by_id(run_id).select_related("base", "requested_by").get()
    shutil.rmtree(_folder(run), ignore_errors=True)  # of an attempt that died
    try:
        closed = _registered(run, _train(run))
    except TrainingCancelled:
        return _end(run, RunState.CANCELLED, CANCELLED)
    except (HairlineMLError, LeakedSplit, ChangedList) as error:
        return _end(run, RunState.FAILED, str(error))
    except (OperationalError, InterfaceError):
        raise  # of the database: the sweeper lets the run go on from its last epoch
    except Exception as error:
        logger.exception("training run %s failed", run_id)
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        return _end(run, RunState.FAILED, NO_ROOM if is_full else FAULT)
    failpoints.hit("T7")
    return closed


@dataclass(frozen=True)
class _Trained:
    facts: ModelFacts
    active: ModelVersion
    measuring: list[tuple[int, LabelledPhoto]]
    comparison: Comparison


@transaction.atomic
def _registered(run: TrainingRun, trained: _Trained) -> bool:
    """Keep the candidate and end the run; False, and nothing is kept, where it is not ours now."""
    failpoints.hit("T5")
    candidate = versions.register_candidate(trained.facts, _folder(run), parent=run.base)
    trial = gate.record(trained.comparison, candidate, trained.active, trained.measuring)
    closed = _end(run, RunState.SUCCEEDED, "", candidate)
    if trial.passed:  # on trial at once, so that what it would change is known beforehand
        rescoring.queue(candidate, by=run.requested_by)
    if not closed:
        transaction.set_rollback(True)
    failpoints.hit("T6")
    return closed


def _train(run: TrainingRun) -> _Trained:
    """Write the candidate's folder and let the candidate stand beside the active version."""
    with Heart(run) as heart:
        return _taught(run, heart, Brake(run))


def _taught(run: TrainingRun, heart: Heart, brake: Brake) -> _Trained:
    _refuse_leaks(run, brake)
    _refuse_changed(run)
    request = _request(run)
    failpoints.hit("T2")
    facts = engine().retrain(request, heart.beat, brake.pulled)
    failpoints.hit("T4")
    active = ModelVersion.objects.active() or run.base
    side = manifests.of_side(run.manifest, Side.TEST)
    entries, left_out = gate.untaught(side, active, should_stop=brake.pulled)
    measuring = gate.labelled(entries)
    photos = tuple(photo for _, photo in measuring)
    folder, thresholds = versions.sealed_folder(active), gate.thresholds_of(active)
    sides = CompareRequest(folder, request.out, photos, thresholds, facts.thresholds)
    found = engine().compare(sides, heart.compared, brake.pulled)
    return _Trained(facts, active, measuring, gate.telling(found, left_out))


def _request(run: TrainingRun) -> RetrainRequest:
    return RetrainRequest(
        photos=tuple(photo for _, photo in gate.labelled(run.manifest)),
        held_out_groups=frozenset(
            str(entry["structure"]) for entry in manifests.of_side(run.manifest, Side.TEST)
        ),
        base=versions.sealed_folder(run.base),
        out=_folder(run),
        replay=Path(settings.REPLAY_DATA) if settings.REPLAY_DATA else None,
        epochs=settings.TRAINING_EPOCHS,
        seed=run.pk,
        name=f"run {run.pk} from {run.base.name}"[:80],
        thresholds=gate.thresholds_of(run.base),
        checkpoint=_checkpoint(run),
    )


def _refuse_changed(run: TrainingRun) -> None:
    if manifests.digest(run.manifest) != run.manifest_sha256:
        raise ChangedList(
            "The list of photos to learn from was changed after the run was asked for: its hash "
            "differs. Nothing was trained. Start a new run."
        )


def _refuse_leaks(run: TrainingRun, brake: Brake) -> None:
    """Also keep what is learned from, so that a later run knows it when its photos are gone."""
    learned, measured = (manifests.of_side(run.manifest, side) for side in (Side.LEARN, Side.TEST))
    taught = TrainingRun.objects.taught(run.base)
    manifests.refuse_leaks(run.manifest, known=pictures.known(measured, taught, brake.pulled))
    pictures.keep(learned, brake.pulled)


def _folder(run: TrainingRun) -> Path:
    return Path(settings.MODELS_ROOT) / f"run-{run.pk}"


def _checkpoint(run: TrainingRun) -> Path:
    """Return the file from which the run goes on when its worker died."""
    return Path(settings.MODELS_ROOT) / ".training" / f"run-{run.pk}.npz"


def _end(
    run: TrainingRun, state: RunState, message: str, candidate: ModelVersion | None = None
) -> bool:
    """End a run by the attempt that works on it; False where another one does, or will."""
    return _close(TrainingRun.objects.held(run).running(), state, message, candidate)


def _close(
    runs: TrainingRunQuerySet, state: RunState, message: str, candidate: ModelVersion | None = None
) -> bool:
    """End the run that is in `runs` and remove what only it needed; False where none is."""
    run, now = runs.first(), timezone.now()
    if run is None or not runs.close(
        state, message=message[:LONGEST_MESSAGE], candidate=candidate, ended_at=now
    ):
        return False
    _checkpoint(run).unlink(missing_ok=True)
    if candidate is None:
        shutil.rmtree(_folder(run), ignore_errors=True)  # nobody will register it
    AuditEvent.objects.record(f"training {state}", run, by=None, message=message)
    return True


@written_by(roles.TRAIN)
def cancel(run: TrainingRun, *, by: User) -> None:
    """Stop a run: a queued one at once, a running one at its next step."""
    queued = TrainingRun.objects.by_id(run.pk).queued()
    _close(queued, RunState.CANCELLED, CANCELLED if run.attempts else "Cancelled before it began.")
    TrainingRun.objects.by_id(run.pk).open().update(cancel_requested=True)
    AuditEvent.objects.record("training cancel asked", run, by=by)


def resume_silent(now: datetime) -> int:
    """Queue runs whose worker fell silent again, so that they go on from their last epoch; return
    how many. Those that were cancelled meanwhile or died too often are closed.
    """
    silent = TrainingRun.objects.silent_since(
        now - timedelta(seconds=settings.TRAINING_SILENCE_SECONDS)
    )
    _close(silent.cancelled_meanwhile(), RunState.CANCELLED, CANCELLED)
    _close(silent.tried_often(), RunState.INTERRUPTED, STOPPED_OFTEN)
    return silent.move(RunState.QUEUED, message="The worker stopped; the run goes on by itself.")


def queued_runs() -> list[int]:
    return TrainingRun.objects.queued().ids()
