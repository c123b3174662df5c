"""The same element in two inspections, side by side."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classifier import roles
from classifier.models import Mark, Photo, Structure
from classifier.views.access import SignedInRequest, guarded

OFFERED = 24


@require_safe
@guarded(roles.SEE)
def compare_photo(request: SignedInRequest, pk: int) -> HttpResponse:
    """The photo beside one of the same element from another visit: `with`, or the likeliest."""
    row = get_object_or_404(Photo.objects.for_page(), pk=pk)
    others = Photo.objects.same_place_elsewhere(row)
    asked = request.GET.get("with", "")
    chosen = others.with_ids([int(asked)]).first() if _is_id(asked) else None
    other = chosen or others.first()
    if row.prediction is None or other is None:
        messages.warning(request, _("There is no other visit with a photo of the same element."))
        return redirect("photo", pk)
    context = {
        "photo": row,
        "other": other,
        "sides": [(each, Mark.objects.standing_on(each)) for each in (row, other)],
        "others": others[:OFFERED],
    }
    return render(request, "photos/compare.html", context)


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


@require_safe
@guarded(roles.SEE)
def compare_structure(_request: SignedInRequest, pk: int) -> HttpResponse:
    """Lead to the comparison of the last visit's likeliest crack."""
    row = get_object_or_404(Structure, pk=pk)
    photo = Photo.objects.for_structure(row).newest_visit_first().first()
    return redirect("compare-photo", photo.pk) if photo else redirect("structure", pk)
