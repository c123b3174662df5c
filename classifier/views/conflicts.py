"""What a person meets who comes second: with a decision, after a sign-off, or to a training."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from classifier import review
from classifier.models import AuditEvent, TrainingRun
from classifier.views.access import SignedInRequest, wants_json

P = ParamSpec("P")
View = Callable[Concatenate[SignedInRequest, P], HttpResponse]


def telling_conflicts(view: View[P]) -> View[P]:
    """Answer 409, with what stands, where the view meets DecidedMeanwhile or SignedOff; the audit
    log keeps the attempt beside what came first.
    """

    @wraps(view)
    def inner(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except review.DecidedMeanwhile as conflict:
            _record(request, conflict)
            return _told(request, conflict)

    return cast(View[P], inner)


def _record(request: SignedInRequest, conflict: review.DecidedMeanwhile) -> None:
    asked = request.POST.get("outcome") or request.POST.get("kind") or ""
    AuditEvent.objects.record(
        "answer came too late",
        conflict.photo,
        by=request.user,
        path=request.path[:200],
        asked=asked[:20],
        stands=str(conflict.photo.decision or ""),
    )


def _told(request: SignedInRequest, conflict: review.DecidedMeanwhile) -> HttpResponse:
    signed = isinstance(conflict, review.SignedOff)
    context = {"photo": conflict.photo, "signed": signed}
    if wants_json(request):
        sentence = render_to_string("reviews/_conflict.txt", context).strip()
        return JsonResponse({"sentence": sentence}, status=409)
    return render(request, "reviews/conflict.html", context, status=409)


def already_training(request: SignedInRequest, run: TrainingRun) -> HttpResponse:
    """Answer 409 and lead to the run that is under way."""
    sentence = _("%(run)s is under way, and only one can be. Nothing was started.") % {"run": run}
    address = reverse("training-run", args=[run.pk])
    if wants_json(request):
        return JsonResponse({"sentence": sentence, "run_url": address}, status=409)
    context = {"run": run, "sentence": sentence, "address": address}
    return render(request, "training_runs/conflict.html", context, status=409)
