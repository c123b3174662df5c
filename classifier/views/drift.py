"""The page on which a version's drift and health are read."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from classifier import drift as drifting
from classifier import roles
from classifier.filter_forms import DriftForm
from classifier.models import ModelVersion
from classifier.views.access import SignedInRequest, guarded


@require_safe
@guarded(roles.TRAIN)
def drift(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ModelVersion.objects.for_list(), pk=pk)
    form = DriftForm(request.GET)
    structure = form.chosen()
    found = drifting.look(row, structure=structure)
    context = {
        "version": row,
        "form": form,
        "structure": structure,
        "drift": found,
        "charts": [
            (each.title, [(n, each.of(figures)) for n, (_, figures) in enumerate(found.months)])
            for each in drifting.WATCHED
        ],
        "watched": drifting.WATCHED,
    }
    return render(request, "models/drift.html", context)
