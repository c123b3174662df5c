"""For admins: what happened, and how the site is doing."""

import csv
import io
from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from classifier import health, intake, roles
from classifier import metrics as figures
from classifier.filter_forms import AuditFilterForm
from classifier.models import AuditEvent, Photo
from classifier.reporting import cell
from classifier.views.access import SignedInRequest, guarded, public
from classifier.views.files import guarded_file
from classifier.views.reviews import next_page

PAGE_SIZE = 100
COLUMNS = ("at (UTC)", "who", "what", "to what", "kind", "id", "detail")
MOST_EXPORTED = 100_000


@require_safe
@guarded(roles.OPERATE)
def audit(request: SignedInRequest) -> HttpResponse:
    """Every recorded event, newest first, narrowed by the filter form."""
    form = AuditFilterForm(request.GET or None)
    page = Paginator(form.events(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "query": request.GET.urlencode()}
    return render(request, "operations/audit.html", context)


@require_safe
@guarded(roles.OPERATE)
def audit_export(request: SignedInRequest) -> StreamingHttpResponse:
    """The same events as CSV, at most a hundred thousand."""
    events = AuditFilterForm(request.GET or None).events()[:MOST_EXPORTED]
    response = StreamingHttpResponse(_lines(events.iterator()))
    guarded_file(response, "text/csv; charset=utf-8", download_as="hairline-audit.csv")
    return response


def _lines(events: Iterator[AuditEvent]) -> Iterator[str]:
    yield _line(COLUMNS)
    for event in events:
        who = event.actor.username if event.actor else "the site"
        at = event.created_at.strftime("%Y-%m-%d %H:%M:%S")
        row = (at, who, event.action, event.subject, event.subject_type, event.subject_id)
        yield _line((*row, "; ".join(f"{key}: {value}" for key, value in event.detail.items())))


def _line(values: tuple[object, ...]) -> str:
    file = io.StringIO()
    csv.writer(file).writerow(cell(str(value)) for value in values)
    return file.getvalue()


@require_safe
@guarded(roles.OPERATE)
def system(request: SignedInRequest) -> HttpResponse:
    """Queue, sweeper, disk, the last verification, and photos that failed."""
    page = Paginator(Photo.objects.failed().for_cards(), 50).get_page(request.GET.get("page"))
    return render(request, "operations/system.html", {"page": page, **health.facts(timezone.now())})


@require_POST
@guarded(roles.UPLOAD)
def retry_failed(request: SignedInRequest) -> HttpResponse:
    """Put all photos that failed back in the queue; those of signed inspections stay."""
    moved, left = intake.retry_failed(by=request.user)
    told = ngettext(
        "%(count)s photo will be classified again.",
        "%(count)s photos will be classified again.",
        moved,
    )
    messages.success(request, told % {"count": moved})
    if left:
        told = ngettext(
            "%(count)s photo stays as it is: its inspection is signed off.",
            "%(count)s photos stay as they are: their inspections are signed off.",
            left,
        )
        messages.warning(request, told % {"count": left})
    return next_page(request, redirect("home"))


@public(because="Prometheus has no session: it shows a token; all others have to be admins")
@require_safe
def metrics(request: HttpRequest) -> HttpResponseBase:
    """Figures for Prometheus: with the token of the settings, where one is set, or for an admin."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and constant_time_compare(shown, settings.METRICS_TOKEN):
        return _exposition()
    return _metrics_of_admins(request)


@guarded(roles.OPERATE)
def _metrics_of_admins(_request: SignedInRequest) -> HttpResponse:
    return _exposition()


def _exposition() -> HttpResponse:
    response = HttpResponse(figures.exposition(), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response
