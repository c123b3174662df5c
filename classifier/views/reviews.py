"""Deciding on photos: the queue, and the buttons of the photo page."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import auditing, review, roles
from classifier.forms import DecisionForm, MarkForm, UndoForm, first_error, row_ids
from classifier.models import Mark, Photo, Structure
from classifier.states import Cause, ReviewOrder
from classifier.views.access import SignedInRequest, guarded, wants_json
from classifier.views.conflicts import telling_conflicts

AHEAD = 8
"""So many photos after the one shown are named on the page, for it to fetch them beforehand."""


@require_safe
@guarded(roles.REVIEW)
def queue(request: SignedInRequest) -> HttpResponse:
    """The next photo that waits for a person, of one structure where `structure` names it.

    `at` asks for one photo; decided on meanwhile, it leads to its page. `last` is the photo that
    is being decided on: it is left out already, so that this page can be fetched beforehand.
    """
    structure, order = asked_structure(request), asked_order(request)
    last, at = (_row_id(request.GET.get(name, "")) for name in ("last", "at"))
    waiting = review.queue(structure, order=order).leaving_out([last] if last else [])
    skipped = _skipped(request)
    row = waiting.with_ids([at]).first() if at else waiting.leaving_out(skipped).first()
    if at and not row:
        return redirect("photo", get_object_or_404(Photo, pk=at).pk)
    row = row or waiting.first()
    blind = bool(row and not request.GET.get("evidence") and auditing.is_open(row))
    context = {
        "photo": row,
        "prediction": row.prediction if row else None,
        "regions": row.prediction.regions.all() if row and row.prediction and not blind else [],
        "blind": blind,
        "upcoming": waiting.leaving_out([*skipped, row.pk])[:AHEAD] if row else [],
        "remaining": waiting.count(),
        "elsewhere": review.queue().count() if structure and not row else 0,
        "skipped": ",".join(map(str, [*skipped, row.pk])) if row else "",
        "structure": structure,
        "order": order,
        "orders": ReviewOrder.choices,
        "marks": Mark.objects.standing_on(row) if row else [],
        "mark_form": MarkForm(),
        "causes": Cause.choices,
        "last_photo": Photo.objects.decided_by(request.user, last) if last else None,
    }
    return render(request, "reviews/queue.html", context)


@require_safe
@guarded(roles.REVIEW)
def jump(request: SignedInRequest) -> HttpResponse:
    """Lead to the photo at place `number` of the queue, or to the flagged one after `after`."""
    waiting = review.queue(asked_structure(request), order=asked_order(request))
    number, after = (_row_id(request.GET.get(name, "")) for name in ("number", "after"))
    found = review.next_flagged(waiting, after) if after else review.at_place(waiting, number or 0)
    if found is None:
        count = waiting.count()
        number_of = _("Give a number from 1 to %(count)s.") % {"count": count}
        messages.warning(request, _("No flagged photo waits.") if after else number_of)
    kept = {"structure": request.GET.get("structure"), "order": asked_order(request), "at": found}
    query = urlencode({name: value for name, value in kept.items() if value})
    return redirect(f"{reverse('review')}?{query}")


def asked_structure(request: SignedInRequest) -> Structure | None:
    structure_id = _row_id(request.GET.get("structure", ""))
    return get_object_or_404(Structure, pk=structure_id) if structure_id else None


def asked_order(request: SignedInRequest) -> str:
    order = request.GET.get("order", "")
    return order if order in ReviewOrder.values else ReviewOrder.CONFIDENCE.value


def _skipped(request: SignedInRequest) -> list[int]:
    """Photos that the reviewer put off, at most fifty, oldest first."""
    given = request.GET.get("skip", "").split(",")[-50:]
    return row_ids(given)


def _row_id(text: str) -> int | None:
    """Read a row's number from an address; None for anything else, and for what no row can have."""
    return next(iter(row_ids([text])), None)


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Append a decision; 409 with the one that stands where another one came first.

    The queue's page asks for JSON: what to show of the decision, or the sentence why there is none.
    """
    row = get_object_or_404(Photo.objects.select_related("prediction"), pk=pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _misread(request, pk, first_error(form))
    data = form.cleaned_data
    review.decide(
        row,
        data["outcome"],
        by=request.user,
        seen_decision_id=data["seen"],
        seen_answer_id=data["answer"],
        cause=data["cause"],
        remark=data["remark"],
        blind=data["blind"],
    )
    if wants_json(request):
        context = {"last_photo": row, "back": data["back"]}
        return JsonResponse({"last": render_to_string("reviews/_last.html", context, request)})
    return next_page(request, redirect("photo", pk))


def _misread(request: SignedInRequest, pk: int, sentence: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"sentence": sentence}, status=400)
    messages.error(request, sentence)
    return redirect("photo", pk)


@require_POST
@guarded(roles.REVIEW)
@telling_conflicts
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Photo.objects.select_related("decision__follows"), pk=pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return redirect("photo", pk)
    review.undo(row, by=request.user, seen_decision_id=form.cleaned_data["seen"])
    return next_page(request, redirect("photo", pk))


def next_page(request: SignedInRequest, otherwise: HttpResponse) -> HttpResponse:
    """Go where the form says (`next`, within this site), or else as the caller says."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(target)
    return otherwise
