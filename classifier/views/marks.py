"""Marks on photos: cracks that were missed, and remarks on a place."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from classifier import review, roles
from classifier.forms import MarkForm, first_error
from classifier.models import Mark, Photo
from classifier.views.access import SignedInRequest, guarded
from classifier.views.conflicts import telling_conflicts
from classifier.views.reviews import next_page


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def mark(request: SignedInRequest, pk: int) -> HttpResponse:
    """Place a mark; 409 where it says that a crack was missed and another decision came first."""
    row = get_object_or_404(Photo.objects.select_related("prediction", "decision"), pk=pk)
    form = MarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("photo", pk)
    data = form.cleaned_data
    review.mark(
        row,
        data["place"],
        data["kind"],
        by=request.user,
        seen_decision_id=data["seen"],
        seen_answer_id=data["answer"],
        remark=data["remark"],
        blind=data["blind"],
    )
    return next_page(request, redirect("photo", pk))


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def mark_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Mark.objects.select_related("photo__decision__follows"), pk=pk)
    review.withdraw_mark(row, by=request.user)
    return redirect("photo", row.photo_id)
