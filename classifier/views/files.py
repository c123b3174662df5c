"""Answering with a stored file."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, http_date
from django.views.static import was_modified_since

POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""A file that a browser opens by its address runs nothing, loads nothing and stands in no frame."""


def served(
    request: HttpRequest, path: Path, media_type: str, *, download_as: str = ""
) -> HttpResponseBase:
    """Answer with a stored file: by nginx where it stands in front, streamed otherwise.

    A browser may keep what it shows, but asks each time: whoever has signed out sees nothing.
    """
    if not path.is_file():
        raise Http404
    changed = path.stat().st_mtime
    response = _content(request, path, changed)
    response["Last-Modified"] = http_date(changed)
    return guarded_file(response, media_type, download_as=download_as)


def guarded_file(
    response: HttpResponseBase, media_type: str, *, download_as: str = ""
) -> HttpResponseBase:
    """Give an answer with a file's content the headers that keep it a file."""
    response["Content-Type"] = media_type
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=download_as)
        if download_as
        else "inline"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store" if download_as else "private, no-cache"
    return response


def _content(request: HttpRequest, path: Path, changed: float) -> HttpResponseBase:
    if settings.ACCEL_REDIRECT:  # nginx compares the times itself
        response = HttpResponse()
        response["X-Accel-Redirect"] = f"/internal-media/{path.relative_to(settings.MEDIA_ROOT)}"
        return response
    if not was_modified_since(request.headers.get("If-Modified-Since"), changed):
        return HttpResponseNotModified()
    return FileResponse(path.open("rb"))
