"""Signing an inspection off, and opening it again."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from classifier import roles, signing
from classifier.forms import ReopenForm, SignOffForm
from classifier.models import Inspection, SignOff
from classifier.views.access import SignedInRequest, guarded


@require_POST
@guarded(roles.REVIEW)
def sign_off(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Inspection, pk=pk)
    form = SignOffForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Sign with your name."))
        return redirect("inspection", pk)
    name = form.cleaned_data["name"]
    return _told(request, row, lambda: signing.sign(row, name=name, by=request.user))


@require_POST
@guarded(roles.REVIEW)
def reopen(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Inspection, pk=pk)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the inspection is opened again."))
        return redirect("inspection", pk)
    reason = form.cleaned_data["reason"]
    return _told(request, row, lambda: signing.reopen(row, reason=reason, by=request.user))


def _told(request: SignedInRequest, row: Inspection, action: Callable[[], SignOff]) -> HttpResponse:
    try:
        messages.success(request, f"{action()}.")
    except signing.CannotSign as reason:
        messages.error(request, str(reason))
    return redirect("inspection", row.pk)
