"""What an inspection found, to take away: exports, and the printed report."""

from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import printing, reporting, roles, tasks
from classifier.forms import ShareForm
from classifier.models import Inspection, Photo, Report
from classifier.states import Paper, ReportState
from classifier.views.access import SignedInRequest, guarded
from classifier.views.files import served

MOST_EXPORTED = 20_000
"""Photos in one export: it is made in memory."""


@require_safe
@guarded(roles.SEE)
def export(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """Download all photos of an inspection with verdicts and decisions, as `kind`.

    Where they were taken is for those who may have the originals.
    """
    row = get_object_or_404(Inspection.objects.select_related("structure"), pk=pk)
    count = Photo.objects.for_inspection(row).count()
    if count > MOST_EXPORTED:
        sentence = _("%(count)s photos; at most %(most)s are exported at once.") % {
            "count": f"{count:,}",
            "most": f"{MOST_EXPORTED:,}",
        }
        return HttpResponse(sentence, status=413, content_type="text/plain; charset=utf-8")
    photos = reporting.photos_of(row, places=request.user.has_perm(roles.DOWNLOAD))
    answer: HttpResponse
    if kind == "csv":
        answer = HttpResponse(reporting.as_csv(photos), content_type="text/csv; charset=utf-8")
    else:
        found = reporting.EXPORTS[kind](row, photos)
        answer = JsonResponse(found, json_dumps_params={"indent": 1})
    suffix = {"csv": ".csv", "json": ".json", "coco": "-coco.json", "geojson": ".geojson"}[kind]
    answer["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{_file_name(row)}{suffix}"
    )
    return answer


def _file_name(row: Inspection) -> str:
    return f"{slugify(row.structure.name)}-{row.date:%Y-%m-%d}"


@require_POST
@guarded(roles.REVIEW)
def report_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for the PDF; a second press leads to the one that is being written."""
    row = get_object_or_404(Inspection, pk=pk)
    paper = request.POST.get("paper", "")
    report = printing.request_report(
        row, paper if paper in Paper.values else Paper.A4, by=request.user
    )
    tasks.ring_for_report(report)
    return redirect("report", report.pk)


@require_safe
@guarded(roles.SEE)
def report(request: SignedInRequest, pk: int) -> HttpResponse:
    return _report_page(request, pk, "reports/detail.html")


@require_safe
@guarded(roles.SEE)
def report_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    return _report_page(request, pk, "reports/_progress.html")


def _report_page(request: SignedInRequest, pk: int, template: str) -> HttpResponse:
    row = get_object_or_404(Report.objects.for_page(), pk=pk)
    inspection = row.inspection
    context = {
        "report": row,
        "inspection": inspection,
        "structure": inspection.structure,
        "links": row.share_links.select_related("by"),
        "share_form": ShareForm(),
        "now": timezone.now(),
    }
    response = render(request, template, context)
    if request.headers.get("HX-Request") and not row.is_open:
        response["HX-Refresh"] = "true"  # the whole page has more to offer now, such as its link
    return response


@require_safe
@guarded(roles.SEE)
def report_pdf(request: SignedInRequest, pk: int) -> HttpResponseBase:
    row = get_object_or_404(Report.objects.for_page(), pk=pk)
    if row.state != ReportState.READY:
        raise Http404
    name = f"{_file_name(row.inspection)}-report-{row.pk}.pdf"
    return served(request, printing.file_of(row), "application/pdf", download_as=name)
