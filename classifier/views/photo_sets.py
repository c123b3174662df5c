"""Uploading photos and watching their classification."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier import failpoints, intake, photo_files, roles, tasks
from classifier.models import Inspection, Photo, PhotoSet, SignOff, Tally
from classifier.register_forms import PhotoSetForm
from classifier.templatetags.times import day
from classifier.views.access import SignedInRequest, guarded, wants_json
from classifier.views.outages import BAD_DISK, NO_ROOM
from classifier.views.pace import Pace

MOST_ASKED = 100


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.UPLOAD)
def upload(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say what the photos show (a new photo set), then go on to choosing them."""
    inspection = get_object_or_404(Inspection.objects.select_related("structure"), pk=pk)
    form = PhotoSetForm(request.POST or None, inspection=inspection)
    if request.method == "POST" and form.is_valid():
        photo_set = intake.open_photo_set(inspection, by=request.user, **form.cleaned_data)
        return redirect("photo-set", photo_set.pk)
    context = {
        "form": form,
        "inspection": inspection,
        "structure": inspection.structure,
        "signed": SignOff.objects.standing(inspection),
    }
    return render(request, "photo_sets/new.html", context)


@require_safe
@guarded(roles.SEE)
def photo_set(request: SignedInRequest, pk: int) -> HttpResponse:
    """One photo set: the drop zone, the ledger, and the live progress."""
    return render(request, "photo_sets/detail.html", _context(pk))


@require_safe
@guarded(roles.SEE)
def photo_set_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    return render(request, "photo_sets/_progress.html", _context(pk))


def _context(pk: int) -> dict[str, object]:
    row = get_object_or_404(PhotoSet.objects.recent(), pk=pk)
    photos = Photo.objects.in_set(row)
    return {
        "photo_set": row,
        "inspection": row.inspection,
        "structure": row.inspection.structure,
        "progress": row.progress(),
        "to_review": photos.waiting_for_review().count(),
        "failed": photos.failed(),
        "photos": photos.by_concern().for_cards()[:24],
    }


uploads = Pace(settings.UPLOADS_PER_MINUTE, name="upload")
refused_uploads = Pace(600, name="junk")
TOO_FAST = gettext_noop(
    "So many photos came from you within a minute that others would have to wait. "
    "Nothing is lost; what is not stored yet can go on in a minute."
)
TOO_MUCH_JUNK = gettext_noop(
    "Too many files that are no photos came from you. Wait a minute, then go on."
)


@require_POST
@guarded(roles.UPLOAD)
def photo_upload(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take one photo (field `photo`): 201 stored, 200 already here, 4xx with the sentence.

    Answers JSON where the client accepts only that, a redirect with a message otherwise.
    """
    row = get_object_or_404(PhotoSet.objects.select_related("inspection__structure"), pk=pk)
    if why := _too_often(request.user.pk):
        return _answer(request, row, 429, "failed", _(why), retry_after=uploads.seconds_left())
    file = request.FILES.get("photo")
    if file is None:
        why = _("No photo came with the request. Choose one.")
        return _answer(request, row, 400, "refused", why)
    sha256 = request.POST.get("sha256", "").lower()
    try:
        received = intake.receive_photo(row, file, by=request.user, client_sha256=sha256)
    except intake.UploadRefused as refusal:
        refused_uploads.note(request.user.pk)
        return _answer(request, row, refusal.status, "refused", refusal.sentence)
    except intake.SiteFull as limit:
        return _answer(request, row, 507, "failed", limit.sentence, retry_after=3600)
    except photo_files.StorageFull:
        return _answer(request, row, 507, "failed", _(NO_ROOM.sentence), retry_after=60)
    except photo_files.StorageFailed:
        return _answer(request, row, 503, "failed", _(BAD_DISK.sentence), retry_after=60)
    photo = received.photo
    if received.duplicate:
        return _answer(request, row, 200, "duplicate", _since(photo), photo=photo)
    tasks.ring_for_photo(photo)
    failpoints.hit("U8", photo.pk)
    return _answer(
        request, row, 201, "stored", _("%(photo)s is stored.") % {"photo": photo}, photo=photo
    )


def _too_often(who: int) -> str:
    """Count this upload; return why the person has to wait, or nothing."""
    if refused_uploads.is_exceeded(who):
        return TOO_MUCH_JUNK
    return "" if uploads.take(who) else TOO_FAST


@require_POST
@guarded(roles.UPLOAD)
def photos_known(request: SignedInRequest, pk: int) -> JsonResponse:
    """Say which photos need not be sent: field `sha256`, digests with spaces between.

    `stored` is a photo of this very set, `duplicate` one that the structure has from elsewhere.
    """
    row = get_object_or_404(PhotoSet.objects.select_related("inspection__structure"), pk=pk)
    digests = request.POST.get("sha256", "").lower().split()[:MOST_ASKED]
    known = {
        digest: {
            "state": "stored" if photo.photo_set_id == row.pk else "duplicate",
            "sentence": _since(photo),
            "photo_url": reverse("photo", args=[photo.pk]),
        }
        for digest, photo in intake.already_here(row, digests).items()
    }
    return JsonResponse({"known": known})


def _since(photo: Photo) -> str:
    told = _("Already here since %(day)s as %(photo)s.")
    return told % {"day": day(photo.uploaded_at), "photo": photo}


def _answer(
    request: HttpRequest,
    row: PhotoSet,
    status: int,
    state: str,
    sentence: str,
    *,
    photo: Photo | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    response: HttpResponse
    Tally.objects.count_one("uploads", "slowed" if status == 429 else state)
    if wants_json(request):
        url = reverse("photo", args=[photo.pk]) if photo else None
        answer = {"state": state, "sentence": sentence, "photo_url": url}
        response = JsonResponse(answer, status=status)
    elif photo:
        messages.success(request, sentence)
        return redirect("photo-set", row.pk)
    else:
        messages.error(request, sentence)
        response = render(request, "photo_sets/detail.html", _context(row.pk), status=status)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response
