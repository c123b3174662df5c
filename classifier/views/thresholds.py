"""The thresholds of a version: what others would do to photos already judged, then saving them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import roles
from classifier import thresholds as moving
from classifier.forms import ThresholdsForm
from classifier.models import ModelVersion
from classifier.views.access import SignedInRequest, guarded


@require_safe
@guarded(roles.ACTIVATE)
def thresholds(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion.objects.for_list(), pk=pk)
    form = ThresholdsForm(request.GET) if "clear_below" in request.GET else None
    return _page(request, row, form)


@require_POST
@guarded(roles.ACTIVATE)
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion.objects.for_list(), pk=pk)
    form = ThresholdsForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    moving.move(row, **form.cleaned_data, by=request.user)
    told = _("%(version)s judges by the new thresholds from the next photo on.")
    messages.success(request, told % {"version": row})
    return redirect("model", pk)


def _page(request: SignedInRequest, row: ModelVersion, form: ThresholdsForm | None) -> HttpResponse:
    answers = moving.answers(row)
    standing = {
        "clear_below": round(row.clear_below, 4),
        "flagged_from": round(row.flagged_from, 4),
    }
    now = answers.under(row.clear_below, row.flagged_from)
    wished = answers.under(**form.cleaned_data) if form and form.is_valid() else None
    context = {
        "version": row,
        "form": form or ThresholdsForm(initial=standing),
        "now": now,
        "wished": wished,
        "told": [wished.lower_beside(now), wished.upper_beside(now)] if wished else [],
        "steps": answers.roc(now),
    }
    return render(request, "models/thresholds.html", context)
