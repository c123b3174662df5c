"""Who may open which page: every view is guarded by a right, or says why it is public."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views.defaults import permission_denied

from classifier import accounts
from classifier.models import User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request whose user is a signed-in person: what guarded views get."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
PlainView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class _Marked(Protocol):
    guard: str
    public_because: str


def wants_json(request: HttpRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def client_address(request: HttpRequest) -> str:
    """Return the address of the person's machine, also where our nginx stands in between.

    nginx overwrites the header, so it is believed only where nginx is known to be in front.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.ACCEL_REDIRECT:
        address = request.headers.get("X-Forwarded-For", address)
    return str(address)


def guarded(right: str) -> Callable[[View[P]], PlainView[P]]:
    """Let in signed-in people who hold `right`; others meet the sign-in page, or a 403."""

    def decorate(view: View[P]) -> PlainView[P]:
        @wraps(view)
        def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            demand(right, cast(SignedInRequest, request))
            response = view(cast(SignedInRequest, request), *args, **kwargs)
            if not response.has_header("Cache-Control"):
                # The next person at this machine must not find the page by the back button.
                response["Cache-Control"] = "private, no-store"
            return response

        cast(_Marked, inner).guard = right
        return cast(PlainView[P], inner)

    return decorate


def demand(right: str, request: SignedInRequest) -> None:
    """Refuse a person who lacks `right`."""
    if not request.user.has_perm(right):
        raise PermissionDenied(right)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer whatever raised PermissionDenied: the one place that records who was refused what."""
    if isinstance(request.user, User):
        accounts.record_denial(request.user, str(exception), request)
    return permission_denied(request, exception)


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"sentence": _("Sign in again; nothing was stored.")}, status=401)
    return redirect_to_login(request.get_full_path())


def public(*, because: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view that anyone may open, with the reason."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        cast(_Marked, view).public_because = because
        return view

    return decorate
