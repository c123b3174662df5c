"""Links by which people without an account read one report."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import printing, roles, sharing
from classifier.forms import ShareForm
from classifier.models import Report, ShareLink
from classifier.states import ReportState
from classifier.views.access import SignedInRequest, client_address, guarded, public
from classifier.views.files import served


@require_POST
@guarded(roles.REVIEW)
def share(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Make a link to a written report and show it, this once."""
    row = get_object_or_404(Report, pk=pk)
    form = ShareForm(request.POST)
    if row.state != ReportState.READY or not form.is_valid():
        messages.error(request, _("Choose for how long, once the report is ready."))
        return redirect("report", pk)
    days = form.cleaned_data["days"]
    token = sharing.share(row, days=days, by=request.user)
    address = request.build_absolute_uri(reverse("shared-report", args=[token]))
    sentence = _("Copy the link now; it is shown this once and opens for %(days)s days:")
    messages.success(request, sentence % {"days": days}, extra_tags=address)
    return redirect("report", pk)


@require_POST
@guarded(roles.REVIEW)
def share_revoke(request: SignedInRequest, pk: int) -> HttpResponseBase:
    row = get_object_or_404(ShareLink, pk=pk)
    sharing.revoke(row, by=request.user)
    messages.success(request, _("The link is shut."))
    return redirect("report", row.report_id)


@public(because="whoever holds the link may read this one report until it runs out")
@require_safe
def shared_report(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF behind a link; a link that is shut looks like one that never was."""
    report = sharing.opened(token, address=client_address(request))
    if report is None:
        raise Http404
    answer = served(
        request, printing.file_of(report), "application/pdf", download_as=f"report-{report.pk}.pdf"
    )
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer
