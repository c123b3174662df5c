"""Clearing single outlines of a confirmed photo, and putting them back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from classifier import outlines, roles
from classifier.forms import OutlinesForm, UndoForm
from classifier.models import ClearedRegion, Photo
from classifier.views.access import SignedInRequest, guarded
from classifier.views.conflicts import telling_conflicts


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def clear_outlines(request: SignedInRequest, pk: int) -> HttpResponse:
    """Clear the chosen outlines; 409 where another decision stands than the one on the page."""
    row = get_object_or_404(Photo.objects.select_related("decision"), pk=pk)
    form = OutlinesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose at least one outline."))
        return redirect("photo", pk)
    data = form.cleaned_data
    outlines.clear(row, data["regions"], by=request.user, seen_decision_id=data["seen"])
    return redirect("photo", pk)


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def outline_restore(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = ClearedRegion.objects.select_related("region__prediction__photo__decision")
    row = get_object_or_404(rows, pk=pk)
    form = UndoForm(request.POST)
    seen = form.cleaned_data["seen"] if form.is_valid() else None
    outlines.restore(row, by=request.user, seen_decision_id=seen)
    return redirect("photo", row.region.prediction.photo_id)
