"""The first page, the page of all parts, and the health checks."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from classifier import health, review, roles
from classifier.models import PhotoSet, Structure, progress_of
from classifier.views.access import SignedInRequest, guarded, public

RECENT = 8
NEXT = 6


@require_safe
@guarded(roles.SEE)
def home(request: SignedInRequest) -> HttpResponse:
    """What needs me next: structures with open photos, the newest uploads, the review queue."""
    recent = progress_of(PhotoSet.objects.recent()[:RECENT])
    context = {
        "structures": Structure.objects.most_urgent(RECENT),
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
    """200 `ok` where pages are answered and photos get on, 503 `degraded` otherwise."""
    return _said("ok" if health.is_healthy(timezone.now()) else "degraded")


@public(because="whoever starts the site waits for it; it says only ok or degraded")
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 `ok` where this process can answer requests, whatever else of the site is down."""
    return _said("ok" if health.is_ready() else "degraded")


def _said(word: str) -> JsonResponse:
    response = JsonResponse({"status": word}, status=200 if word == "ok" else 503)
    response["Cache-Control"] = "no-store"
    return response
