"""Audits of the clear pile."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from classifier import auditing, roles
from classifier.forms import AuditForm
from classifier.models import Inspection
from classifier.views.access import SignedInRequest, guarded


@require_POST
@guarded(roles.REVIEW)
def draw_audit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Draw a random sample of the clear photos into the review queue."""
    row = get_object_or_404(Inspection, pk=pk)
    form = AuditForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how sure the audit has to be."))
        return redirect("inspection", pk)
    try:
        sample = auditing.draw_sample(row, wished=form.cleaned_data["wished"], by=request.user)
    except auditing.NothingToAudit as reason:
        messages.error(request, str(reason))
    else:
        drawn = _(
            "%(drawn)s of %(clear)s clear photos are drawn. "
            "Those nobody has judged wait in the review queue."
        )
        counts = {"drawn": sample.photos.count(), "clear": sample.clear_count}
        messages.success(request, drawn % counts)
    return redirect("inspection", pk)
