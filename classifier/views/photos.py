"""One photo: the page, its images, and asking for it to be classified again."""

from pathlib import PurePath

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier import intake, photo_files, roles, tasks
from classifier.forms import DecisionForm, MarkForm
from classifier.models import Decision, Mark, ModelVersion, Photo, SignOff
from classifier.states import Outcome
from classifier.stripping import without_metadata
from classifier.views.access import SignedInRequest, demand, guarded
from classifier.views.conflicts import telling_conflicts
from classifier.views.files import guarded_file, served


@require_safe
@guarded(roles.SEE)
def photo(request: SignedInRequest, pk: int) -> HttpResponse:
    """The photo with its evidence, score against the thresholds, facts, and decisions."""
    row = get_object_or_404(Photo.objects.for_page(), pk=pk)
    neighbours = Photo.objects.in_set(row.photo_set)
    active = ModelVersion.objects.active()
    signed = SignOff.objects.standing(row.photo_set.inspection)
    context = {
        "photo": row,
        "prediction": row.prediction,
        "regions": row.regions_seen,
        "predictions": row.predictions.select_related("model_version"),
        "decisions": Decision.objects.on(row),
        "signed": signed,
        "may_decide": request.user.has_perm(roles.REVIEW) and not signed,
        "marks": Mark.objects.standing_on(row),
        "mark_form": MarkForm(),
        "decision_form": DecisionForm(initial={"seen": row.decision_id}),
        "clearable": bool(
            row.decision
            and row.decision.outcome == Outcome.CONFIRMED
            and row.decision.prediction_id == row.prediction_id
        ),
        "outdated": bool(row.prediction and row.prediction.model_version != active),
        "previous": neighbours.before(row),
        "next": neighbours.after(row),
        "inspection": row.photo_set.inspection,
        "structure": row.structure,
        "twin": Photo.objects.twin_of(row),
        "elsewhere": Photo.objects.same_place_elsewhere(row).exists() and row.prediction,
    }
    response = render(request, "photos/detail.html", context)
    if request.headers.get("HX-Request") and not row.is_pending:
        response["HX-Refresh"] = "true"  # the waiting page asked, and the answer is there
    return response


@require_POST
@guarded(roles.UPLOAD)
@telling_conflicts
def retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put an unreadable, quarantined or outdated photo back in the queue; 409 where signed."""
    row = get_object_or_404(Photo, pk=pk)
    if intake.retry(row, by=request.user):
        tasks.ring_for_photo(row)
        messages.success(request, _("%(photo)s will be classified again.") % {"photo": row})
    return redirect("photo", pk)


@require_safe
@guarded(roles.SEE)
def photo_image(request: SignedInRequest, pk: int, kind: str) -> HttpResponseBase:
    """Serve an image of the photo; the original, with or without EXIF, needs the right to it."""
    row = get_object_or_404(Photo.objects.select_related("prediction"), pk=pk)
    if kind == "original":
        demand(roles.DOWNLOAD, request)
        return served(request, photo_files.original(row), row.media_type, download_as=row.name)
    if kind == "plain":
        demand(roles.DOWNLOAD, request)
        return _without_metadata(request, row)
    if kind == "overlay":
        if row.prediction is None:
            raise Http404
        stem = photo_files.evidence_stem(row.prediction.model_version_id)
        return served(request, photo_files.derived(row) / f"{stem}-overlay.png", "image/png")
    return served(request, photo_files.derived(row) / f"{kind}.jpg", "image/jpeg")


def _without_metadata(request: SignedInRequest, row: Photo) -> HttpResponseBase:
    """The original without what its camera wrote; a sentence where that would touch its pixels."""
    try:
        content = without_metadata(
            photo_files.original(row).read_bytes(), row.media_type, orientation=row.orientation
        )
    except FileNotFoundError as reason:
        raise Http404 from reason
    except ValueError:
        told = _(
            "%(photo)s is built so that its EXIF cannot be taken out without touching its pixels. "
            "Nothing was changed; the original can be downloaded as it is."
        )
        messages.error(request, told % {"photo": row})
        return redirect("photo", row.pk)
    name = PurePath(row.name)
    download_as = f"{name.stem} (without EXIF){name.suffix}"
    return guarded_file(HttpResponse(content), row.media_type, download_as=download_as)
