"""For admins: who has an account, with which roles."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier import people, roles
from classifier.account_forms import NewPasswordForm, PersonForm
from classifier.models import User
from classifier.views.access import SignedInRequest, guarded

BEYOND = "to manage this account"
"""The right that is missing where an account may do more than the admin, or is their own."""


@require_safe
@guarded(roles.OPERATE)
def everybody(request: SignedInRequest) -> HttpResponse:
    persons = User.objects.order_by("-is_active", "username").prefetch_related("groups")
    return render(request, "people/list.html", {"persons": persons})


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.OPERATE)
def person_new(request: SignedInRequest) -> HttpResponse:
    form = PersonForm(request.POST or None, admin=request.user)
    if request.method == "POST" and form.is_valid():
        person = form.store()
        _show_link(request, person)
        return redirect("person", person.pk)
    return render(request, "people/detail.html", {"form": form, "manageable": True})


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.OPERATE)
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """One account to change; only to be read where it may do more than the admin."""
    row = get_object_or_404(User, pk=pk)
    manageable = people.may_manage(request.user, row)
    if request.method == "POST" and not manageable:
        raise PermissionDenied(BEYOND)
    form = PersonForm(request.POST or None, instance=row, admin=request.user)
    if request.method == "POST" and form.is_valid():
        form.store()
        messages.success(request, _("The account is saved."))
        return redirect("people")
    row.refresh_from_db()  # without what was typed and refused
    return render(
        request, "people/detail.html", {"form": form, "person": row, "manageable": manageable}
    )


@require_POST
@guarded(roles.OPERATE)
def person_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a link, this once, by which the person sets a new password."""
    row = get_object_or_404(User, pk=pk)
    if not people.may_manage(request.user, row):
        raise PermissionDenied(BEYOND)
    if row.is_active:
        _show_link(request, row)
    else:
        messages.error(request, _("No link was made: first let this person sign in."))
    return redirect("person", pk)


def _show_link(request: SignedInRequest, row: User) -> None:
    parts = people.password_link(row, by=request.user)
    address = request.build_absolute_uri(reverse("welcome", args=parts))
    sentence = _("Send %(person)s this link; it is shown this once and sets one password:")
    messages.success(request, sentence % {"person": row}, extra_tags=address)


class Welcome(PasswordResetConfirmView):
    """Sets a password by a link that an admin made. It works once, and for three days."""

    form_class = NewPasswordForm
    template_name = "registration/welcome.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return super().form_valid(form)
