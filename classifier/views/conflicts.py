"""What a person meets who decides on a photo after a colleague did, or after it was signed off."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from classifier import review
from classifier.models import AuditEvent
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
