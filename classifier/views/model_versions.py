"""Model versions and training runs: what classifies now, and learning from reviewed photos."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import (
    auditing,
    cards,
    gate,
    overriding,
    rescoring,
    retraining,
    roles,
    shadows,
    tasks,
    trials,
    versions,
)
from classifier.models import (
    AuditSample,
    ModelVersion,
    Prediction,
    Rescoring,
    ThresholdSet,
    TrainingRun,
    Trial,
)
from classifier.readiness import readiness
from classifier.states import VersionState
from classifier.views import conflicts
from classifier.views.access import SignedInRequest, guarded


@require_safe
@guarded(roles.TRAIN)
def models(request: SignedInRequest) -> HttpResponse:
    rows, back = ModelVersion.objects.for_list(), versions.previous()
    active = next((row for row in rows if row.state == VersionState.ACTIVE), None)
    untried = shadows.not_ended()
    objections = versions.objections(rows, active=active, back=back, untried=untried)
    runs = TrainingRun.objects.for_list()[:20]
    open_run = next((run for run in runs if run.is_open), None)
    context = {
        "active": active,
        "shipped": next((row for row in rows if row.is_shipped), None),
        "previous": back,
        "failed": ModelVersion.objects.alarming(),
        "versions": [(row, objections[row.pk]) for row in rows],
        "runs": runs,
        "open_run": open_run,
        "readiness": None if open_run else readiness(),
    }
    return render(request, "models/list.html", context)


@require_safe
@guarded(roles.TRAIN)
def model(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion.objects.for_page(), pk=pk)
    kinds, alarms = auditing.false_alarms(row)
    active = ModelVersion.objects.active()
    trial = Trial.objects.that_tells(row, active)
    back = versions.previous() if row.state == VersionState.RETIRED else None
    untried = shadows.not_ended()
    objections = versions.objections([row], active=active, back=back, untried=untried)
    context = {
        "version": row,
        **_on_trial(row, active),
        "untried": untried.get(row.pk, ""),
        "card": row.card,
        "served": cards.served(row, trial),
        "trial": trial,
        "flips": gate.flips(trial) if trial else None,
        "objection": objections[row.pk],
        "wish": overriding.standing(row, active),
        "second_admin": settings.SECOND_ADMIN,
        "miss_rate": auditing.miss_rate(AuditSample.objects.of_version(row)),
        "kinds": kinds,
        "false_alarms": alarms,
        "most": max((alarm.count for alarm in alarms), default=1),
        "is_needed": versions.is_needed(row, back=back),
        "threshold_sets": ThresholdSet.objects.of(row),
    }
    return render(request, "models/detail.html", context)


def _on_trial(row: ModelVersion, active: ModelVersion | None) -> dict[str, object]:
    """How far a candidate looked at the newest photos, and what it turned."""
    if row.state != VersionState.CANDIDATE or active is None:
        return {}
    tried = Rescoring.objects.newest_of(row.pk)
    return {
        "tried": tried,
        "active": active,
        "turned": Prediction.objects.count_flips(row, active) if tried else None,
    }


@require_safe
@guarded(roles.TRAIN)
def card(_request: SignedInRequest, pk: int) -> HttpResponse:
    """The version's card with what the site knows of it; see `ml_training/card-schema.json`."""
    row = get_object_or_404(ModelVersion.objects.for_page(), pk=pk)
    told = cards.served(row, Trial.objects.that_tells(row, ModelVersion.objects.active()))
    answer = JsonResponse(told, json_dumps_params={"indent": 2, "sort_keys": True})
    answer["Content-Disposition"] = f'attachment; filename="card-{pk}.json"'
    return answer


@require_POST
@guarded(roles.ACTIVATE)
def activate(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion, pk=pk)
    try:
        versions.activate(row, by=request.user, reason=request.POST.get("reason", "")[:500])
    except overriding.AgainstTheGate as error:
        messages.error(
            request,
            _("%(version)s was not activated. %(why)s Say why nevertheless.")
            % {"version": row, "why": error},
        )
        return redirect("model", pk)
    except overriding.SecondNeeded as wished:
        messages.info(request, str(wished))
        return redirect("model", pk)
    except versions.CannotActivate as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("%(version)s classifies from the next photo on.") % {"version": row},
        )
    return redirect("models")


@require_POST
@guarded(roles.ACTIVATE)
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion, pk=pk)
    try:
        versions.discard(row, by=request.user)
    except versions.CannotDiscard as error:
        messages.error(
            request,
            _("%(version)s was not discarded. %(why)s") % {"version": row, "why": error},
        )
        return redirect("model", pk)
    messages.success(
        request,
        _("The files of %(version)s are gone; its card and its predictions stay.")
        % {"version": row},
    )
    return redirect("models")


@require_POST
@guarded(roles.TRAIN)
def rescore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Judge old photos again; a second press leads to what is under way."""
    row = get_object_or_404(ModelVersion, pk=pk)
    asked = rescoring.ask(row, by=request.user)
    tasks.doorbell.ring(tasks.rescore, asked.pk)
    return redirect("changes", pk)


@require_POST
@guarded(roles.TRAIN)
def rescore_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion, pk=pk)
    running = Rescoring.objects.open_of(row.pk)
    if running:
        rescoring.cancel(running, by=request.user)
    return redirect("changes", pk)


@require_safe
@guarded(roles.TRAIN)
def changes(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion, pk=pk)
    other = rescoring.beside(row)
    context = {
        "version": row,
        "beside": other,
        "rescoring": Rescoring.objects.newest_of(pk),
        "waiting": rescoring.waiting(row),
        "flips": rescoring.flips(row, other),
    }
    return render(request, "models/changes.html", context)


@require_POST
@guarded(roles.TRAIN)
def compare(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion, pk=pk)
    is_new = trials.ask(row, by=request.user)
    if not tasks.doorbell.ring(tasks.compare_version, row.pk):
        messages.error(request, _("The training worker cannot be reached. Try again in a minute."))
    elif is_new:
        told = _("%(version)s is being compared with the active version. Look again soon.")
        messages.info(request, told % {"version": row})
    else:
        told = _("%(version)s is still being compared. A training that is under way goes first.")
        messages.info(request, told % {"version": row})
    return redirect("model", pk)


@require_POST
@guarded(roles.TRAIN)
def train(request: SignedInRequest) -> HttpResponse:
    """Start a run; 409 with the one under way where there is one."""
    try:
        wishes = {name: bool(request.POST.get(name)) for name in ("anyway", "afresh")}
        run = retraining.request_run(by=request.user, **wishes)
    except retraining.AlreadyTraining as error:
        return conflicts.already_training(request, error.run)
    except retraining.NothingNew as error:
        messages.info(request, f"{error}.")
        return redirect("models")
    except retraining.CannotTrain as error:
        messages.error(request, str(error))
        return redirect("models")
    tasks.ring_for_run(run)
    return redirect("training-run", run.pk)


@require_safe
@guarded(roles.TRAIN)
def training_run(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TrainingRun.objects.for_page(), pk=pk)
    return render(request, "training_runs/detail.html", {"run": row})


@require_safe
@guarded(roles.TRAIN)
def training_run_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TrainingRun.objects.for_page().without_manifest(), pk=pk)
    return render(request, "training_runs/_progress.html", {"run": row})


@require_POST
@guarded(roles.TRAIN)
def training_run_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TrainingRun.objects.without_manifest(), pk=pk)
    retraining.cancel(row, by=request.user)
    return redirect("training-run", pk)
