"""Structures: the register, one structure with its photos, and the form."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from classifier import auditing, intake, reporting, roles
from classifier.filter_forms import PhotoFilterForm, StructureFilterForm
from classifier.forms import (
    AuditForm,
    ReopenForm,
    SignOffForm,
)
from classifier.models import (
    AuditSample,
    Inspection,
    Photo,
    PhotoQuerySet,
    Report,
    SignOff,
    Structure,
    progress_of,
    standing_of,
)
from classifier.register_forms import InspectionForm, StructureForm
from classifier.states import Paper
from classifier.views.access import SignedInRequest, guarded

PAGE_SIZE = 60
REPORTS = 5


@require_safe
@guarded(roles.SEE)
def structures(request: SignedInRequest) -> HttpResponse:
    form = StructureFilterForm(request.GET)
    page = Paginator(form.listed(), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = Structure.objects.counted(row.pk for row in page.object_list)
    query = request.GET.copy()
    query.pop("page", None)
    context = {"page": page, "filter_form": form, "query": query.urlencode()}
    return render(request, "structures/list.html", context)


@require_safe
@guarded(roles.SEE)
def structure_map(request: SignedInRequest) -> HttpResponse:
    """Where the structures are, and beside the map the same as a list."""
    context = {
        "structures": Structure.objects.on_map(),
        "tiles": settings.MAP_TILES,
        "credit": settings.MAP_CREDIT,
    }
    return render(request, "structures/map.html", context)


@require_safe
@guarded(roles.SEE)
def structure(request: SignedInRequest, pk: int) -> HttpResponse:
    """One structure: its flagged photos first, its inspections, its facts."""
    row = get_object_or_404(Structure.objects.with_counts(), pk=pk)
    context = {
        "structure": row,
        "inspections": row.inspections.with_counts(),
        "miss_rate": auditing.miss_rate(AuditSample.objects.of_structure(row)),
        **photo_listing(request, row, Photo.objects.for_structure(row)),
    }
    return render(request, "structures/detail.html", context)


@require_safe
@guarded(roles.SEE)
def inspection(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Inspection.objects.select_related("structure"), pk=pk)
    sign_offs = list(SignOff.objects.of(row))
    photos = Photo.objects.for_inspection(row)
    photo_sets = progress_of(row.photo_sets.recent())
    context = {
        "inspection": row,
        "structure": row.structure,
        "miss_rate": auditing.miss_rate(AuditSample.objects.of_inspection(row)),
        "sign_offs": sign_offs,
        "signed": standing_of(sign_offs),
        "to_review": photos.waiting_for_review().count(),
        "pending": sum(progress.pending for _, progress in photo_sets),
        "sign_off_form": SignOffForm(initial={"name": request.user.get_full_name()}),
        "reopen_form": ReopenForm(),
        "papers": Paper.choices,
        "reports": Report.objects.of(row)[:REPORTS],
        "exports": reporting.EXPORT_LABELS,
        "audit_form": AuditForm(),
        "photo_sets": photo_sets,
        **photo_listing(request, row.structure, photos),
    }
    return render(request, "inspections/detail.html", context)


def photo_listing(
    request: SignedInRequest, structure: Structure, photos: PhotoQuerySet
) -> dict[str, Any]:
    """Return the filter form and the page of photos it asks for."""
    form = PhotoFilterForm(request.GET or None, structure=structure)
    listed = form.listed(photos).for_cards()
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {"filter_form": form, "page": page, "query": query.urlencode()}


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.REGISTER)
def structure_new(request: SignedInRequest) -> HttpResponse:
    return _structure_form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.REGISTER)
def structure_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _structure_form(request, get_object_or_404(Structure, pk=pk))


def _structure_form(request: SignedInRequest, row: Structure | None) -> HttpResponse:
    form = StructureForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        saved = intake.register_structure(
            form.save(commit=False), elements=form.cleaned_data["elements"], by=request.user
        )
        messages.success(request, _("%(name)s is saved.") % {"name": saved})
        return redirect("structure", saved.pk)
    return render(request, "structures/form.html", {"form": form, "structure": row})


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.UPLOAD)
def inspection_new(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Structure, pk=pk)
    form = InspectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = intake.register_inspection(form.save(commit=False), structure=row, by=request.user)
        return redirect("upload", saved.pk)
    return render(request, "inspections/form.html", {"form": form, "structure": row})
