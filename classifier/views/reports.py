"""What an inspection found, to take away."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from classifier import reporting, roles
from classifier.models import Inspection
from classifier.views.access import SignedInRequest, guarded


@require_safe
@guarded(roles.SEE)
def export(_request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """Download all photos of an inspection with verdicts and decisions, as `kind`."""
    row = get_object_or_404(Inspection.objects.select_related("structure"), pk=pk)
    answer: HttpResponse
    if kind == "csv":
        answer = HttpResponse(reporting.as_csv(row), content_type="text/csv; charset=utf-8")
    else:
        answer = JsonResponse(reporting.EXPORTS[kind](row), json_dumps_params={"indent": 1})
    name = f"{slugify(row.structure.name)}-{row.date:%Y-%m-%d}"
    suffix = {"csv": ".csv", "json": ".json", "coco": "-coco.json", "geojson": ".geojson"}[kind]
    answer["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{name}{suffix}"
    )
    return answer
