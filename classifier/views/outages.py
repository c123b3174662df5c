"""What people read when the site cannot do its work just now, and machines: 503 or 507.

Anything else that a view raises is a fault of the site and stays a 500.
"""

import errno
import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from classifier import photo_files
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
    noop(
        "The disk of the site is full, so the photo was not stored. Tell an admin, then try again."
    ),
)
BAD_DISK = Outage(
    503,
    noop("The disk failed"),
    noop("The photo could not be stored faithfully. Tell an admin, then try again."),
)
NO_DATABASE = Outage(
    503,
    noop("The database does not answer"),
    noop("Nothing was changed, and nothing that was stored is lost. Try again in a moment."),
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
    if isinstance(problem, photo_files.StorageFull):
        return NO_ROOM
    if isinstance(problem, photo_files.StorageFailed):
        return BAD_DISK
    if isinstance(problem, OperationalError | InterfaceError):
        return NO_DATABASE
    no_room = isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)
    return NO_ROOM if no_room else FAULT
