"""The page on which people choose the zone of the times they read."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from classifier import roles
from classifier.account_forms import TimeZoneForm
from classifier.views.access import SignedInRequest, guarded


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.SEE)
def time_zone(request: SignedInRequest) -> HttpResponse:
    given = request.POST if request.method == "POST" else None
    form = TimeZoneForm(given, initial={"time_zone": request.user.time_zone})
    if not form.is_valid():
        return render(request, "registration/time_zone.html", {"form": form})
    request.user.time_zone = form.cleaned_data["time_zone"]
    request.user.save(update_fields=["time_zone"])
    messages.success(request, _("Your time zone is saved."))
    return redirect("time-zone")
