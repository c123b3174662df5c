"""Signing in and out, and changing one's password."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
    redirect_to_login,
)
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classifier import accounts, time_zones
from classifier.account_forms import PasswordForm, SignInForm
from classifier.views.access import client_address, public
from classifier.views.pace import Pace

failed_sign_ins = Pace(100, seconds=15 * 60, name="sign-in")
"""Of all accounts from one address: five wrong passwords lock one account, this ends the guessing
of one password for many accounts."""


class SignIn(LoginView):
    form_class = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if failed_sign_ins.is_exceeded(client_address(request)):
            return render(request, "registration/locked.html", status=429)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        person, name = form.get_user(), self.request.POST.get("time_zone", "")
        if person.last_login is None and not person.time_zone and time_zones.find(name):
            person.time_zone = name  # the first sign-in takes the browser's
            person.save(update_fields=["time_zone"])
        response = super().form_valid(form)
        # A moment, not a span: what a session is written to later does not prolong it.
        ends_at = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        self.request.session.set_expiry(ends_at)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        address = client_address(self.request)
        failed_sign_ins.note(address)
        if failed_sign_ins.is_exceeded(address):
            accounts.record_stop(address)
        return super().form_invalid(form)


@public(because="leads to the sign-in page")
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead from Django's admin to the one page that counts failed sign-ins.

    Who is signed in and is led here all the same may not enter the admin.
    """
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'  # also what the browser kept of the photos
        return response


class ChangePassword(PasswordChangeView):
    """Asks for the current password; every other session of the person ends."""

    form_class = PasswordForm
    template_name = "registration/password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed; other devices are signed out."))
        return super().form_valid(form)
