"""Signing in and out, and changing one's password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from classifier import time_zones
from classifier.account_forms import PasswordForm, SignInForm
from classifier.views.access import client_address
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
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        failed_sign_ins.note(client_address(self.request))
        return super().form_invalid(form)


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
