"""The first page, the page of all parts, and the health check."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from classifier import review, roles
from classifier.models import ModelVersion, PhotoSet, Structure
from classifier.views.access import SignedInRequest, guarded, public

RECENT = 8
NEXT = 6


@require_safe
@guarded(roles.SEE)
def home(request: SignedInRequest) -> HttpResponse:
    """What needs me next: structures with open photos, the newest uploads, the review queue."""
    recent = [(photo_set, photo_set.progress()) for photo_set in PhotoSet.objects.recent()[:RECENT]]
    context = {
        "structures": Structure.objects.most_urgent()[:RECENT],
        "structure_count": Structure.objects.count(),
        "recent_sets": recent,
        "is_live": any(progress.pending for _, progress in recent),
        "to_review": review.queue().count(),
        "next_photos": review.queue()[:NEXT],
    }
    return render(request, "home.html", context)


@require_safe
@guarded(roles.SEE)
def patterns(request: SignedInRequest) -> HttpResponse:
    return render(request, "patterns.html")


@public(because="monitoring asks without an account; it says only ok or degraded")
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 `ok` where the database answers and a model is active, 503 `degraded` otherwise."""
    try:
        connection.ensure_connection()
        healthy = ModelVersion.objects.active() is not None
    except Exception:
        healthy = False
    return JsonResponse({"status": "ok" if healthy else "degraded"}, status=200 if healthy else 503)
