"""Many photos at a glance, decided on together."""

from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from classifier import review, roles
from classifier.forms import ManyDecisionsForm, UndoManyForm, first_error
from classifier.models import Photo
from classifier.states import Cause, Outcome, ReviewOrder
from classifier.views.access import SignedInRequest, guarded
from classifier.views.reviews import asked_order, asked_structure, next_page

PAGE_SIZE = 60


@require_safe
@guarded(roles.REVIEW)
def contact_sheet(request: SignedInRequest) -> HttpResponse:
    """The unreviewed photos of the queue, or with `pile=clear` those that the model cleared.

    After an answer that was refused the choices are as they were, beside the sentence why.
    """
    is_clear = request.GET.get("pile") == "clear"
    structure, order = asked_structure(request), asked_order(request)
    photos = review.pile(structure, clear=is_clear, order=order)
    context = {
        "page": Paginator(photos, PAGE_SIZE).get_page(request.GET.get("page")),
        "is_clear": is_clear,
        "structure": structure,
        "order": order,
        "orders": ReviewOrder.choices,
        "causes": Cause.choices,
        "batch": request.session.get("batch"),
        "refused": request.session.pop("refused", None),
    }
    return render(request, "reviews/contact_sheet.html", context)


@require_POST
@guarded(roles.REVIEW)
def decide_many(request: SignedInRequest) -> HttpResponse:
    """Decide alike on the chosen photos; those that a colleague decided meanwhile stay."""
    form = ManyDecisionsForm(request.POST)
    if not form.is_valid():
        kept = {"photos": form.chosen, "cause": form["cause"].value()}
        request.session["refused"] = kept | {"sentence": first_error(form)}
        return next_page(request, redirect("contact-sheet"))
    data = form.cleaned_data
    batch = uuid4()
    decided, left_alone = review.decide_many(
        data["photos"],
        data["outcome"],
        by=request.user,
        batch=batch,
        cause=data["cause"],
        seen_answer_ids=data["answers"],
    )
    if decided:
        word = Outcome(data["outcome"]).label.lower()
        told = _("%(photos)s decided: %(answer)s.")
        messages.success(request, told % {"photos": _photos(len(decided)), "answer": word})
        request.session["batch"] = batch.hex
    _tell_of(request, left_alone)
    return next_page(request, redirect("contact-sheet"))


@require_POST
@guarded(roles.REVIEW)
def undo_many(request: SignedInRequest) -> HttpResponse:
    """Take back what this person decided in one press; what changed since stays."""
    form = UndoManyForm(request.POST)
    if form.is_valid():
        undone, left_alone = review.undo_many(form.cleaned_data["batch"], by=request.user)
        request.session.pop("batch", None)
        told = _("%(photos)s taken back: undecided again.")
        messages.success(request, told % {"photos": _photos(len(undone))})
        _tell_of(request, left_alone)
    return next_page(request, redirect("contact-sheet"))


def _tell_of(request: SignedInRequest, left_alone: list[Photo]) -> None:
    if left_alone:
        names = ", ".join(map(str, left_alone[:5]))
        told = _("Decided or signed off meanwhile, and left as it is: %(names)s.")
        messages.warning(request, told % {"names": names})


def _photos(count: int) -> str:
    return ngettext("%(count)s photo", "%(count)s photos", count) % {"count": count}
