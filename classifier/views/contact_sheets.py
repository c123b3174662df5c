"""Many photos at a glance, decided on together."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier import review, roles
from classifier.forms import ManyDecisionsForm
from classifier.states import Cause, Outcome, ReviewOrder
from classifier.views.access import SignedInRequest, guarded
from classifier.views.reviews import asked_order, asked_structure, next_page

PAGE_SIZE = 60


@require_safe
@guarded(roles.REVIEW)
def contact_sheet(request: SignedInRequest) -> HttpResponse:
    """The unreviewed photos of the queue, or with `pile=clear` those that the model cleared."""
    is_clear = request.GET.get("pile") == "clear"
    structure, order = asked_structure(request), asked_order(request)
    photos = (review.clear_pile if is_clear else review.queue)(structure, order=order)
    context = {
        "page": Paginator(photos, PAGE_SIZE).get_page(request.GET.get("page")),
        "is_clear": is_clear,
        "structure": structure,
        "order": order,
        "orders": ReviewOrder.choices,
        "causes": Cause.choices,
    }
    return render(request, "reviews/contact_sheet.html", context)


@require_POST
@guarded(roles.REVIEW)
def decide_many(request: SignedInRequest) -> HttpResponse:
    """Decide alike on the chosen photos; those that a colleague decided meanwhile stay."""
    form = ManyDecisionsForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return next_page(request, redirect("contact-sheet"))
    data = form.cleaned_data
    decided, left_alone = review.decide_many(
        data["photos"], data["outcome"], by=request.user, cause=data["cause"]
    )
    if decided:
        word = Outcome(data["outcome"]).label.lower()
        messages.success(request, f"{_photos(len(decided))} decided: {word}.")
    if left_alone:
        names = ", ".join(map(str, left_alone[:5]))
        messages.warning(request, f"Decided or signed off meanwhile, and left as it is: {names}.")
    return next_page(request, redirect("contact-sheet"))


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"
