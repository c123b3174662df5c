"""What people read when the site cannot do its work just now, and machines: 503 or 507.

Anything else that a view raises is a fault of the site and stays a 500.
"""

import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from classifier import disks, photo_files
from classifier.views.access import wants_json


@dataclass(frozen=True)
class Outage:
    status: int
    heading: str
    sentence: str
    retry_after: int = 60


NO_ROOM = Outage(
    507,
    noop("The disk is full"),
    noop("The disk of the site is full, so nothing was stored. Tell an admin, then try again."),
)
BAD_DISK = Outage(
    503,
    noop("The disk failed"),
    noop(
        "A disk of the site fails or takes nothing, so nothing was stored. Tell an admin, then try "
        "again."
    ),
)
NO_DATABASE = Outage(
    503,
    noop("The database does not answer"),
    noop(
        "Nothing that was stored is lost; what you did last may be missing. Try again in a moment."
    ),
    retry_after=10,
)
FAULT = Outage(
    500,
    noop("The site had a fault"),
    noop(
        "Nothing you stored is lost. Try again in a moment; if it stays, tell your admin what you "
        "were doing and when."
    ),
)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for the exception in flight. Asks no database: that may be what has failed."""
    outage = _outage(sys.exc_info()[1])
    if wants_json(request):
        answer = {"state": "failed", "sentence": _(outage.sentence)}
        response: HttpResponse = JsonResponse(answer, status=outage.status)
    else:
        page = loader.get_template("500.html").render({"outage": outage})
        response = HttpResponse(page, status=outage.status)
    if outage is not FAULT:
        response["Retry-After"] = str(outage.retry_after)
    return response


def _outage(problem: BaseException | None) -> Outage:
    if isinstance(problem, photo_files.StorageFull) or disks.is_full(problem):
        return NO_ROOM
    if isinstance(problem, photo_files.StorageFailed) or disks.is_out_of_order(problem):
        return BAD_DISK
    database_is_away = isinstance(problem, OperationalError | InterfaceError)
    return NO_DATABASE if database_is_away else FAULT
