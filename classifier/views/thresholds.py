"""The thresholds of a version: what others would do to photos already judged, then saving them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from classifier import roles
from classifier import thresholds as moving
from classifier.forms import ThresholdsForm
from classifier.models import ModelVersion, ThresholdSet
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
    return _told(request, row, moving.move(row, **form.cleaned_data, by=request.user))


@require_POST
@guarded(roles.ACTIVATE)
def put_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let an earlier set of a version's thresholds hold again; `pk` is the set's."""
    earlier = get_object_or_404(ThresholdSet.objects.select_related("version"), pk=pk)
    return _told(request, earlier.version, moving.put_back(earlier, by=request.user))


def _told(request: SignedInRequest, row: ModelVersion, photos: int) -> HttpResponse:
    told = ngettext(
        "%(version)s judges by these thresholds from now on. %(count)s photo without a decision "
        "shows another verdict.",
        "%(version)s judges by these thresholds from now on. %(count)s photos without a decision "
        "show another verdict.",
        photos,
    )
    messages.success(request, told % {"version": row, "count": photos})
    return redirect("model", row.pk)


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
