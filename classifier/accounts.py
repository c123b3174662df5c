"""Who signs in and what people may do, told to the audit log.

Django announces each of these itself, so a change by its admin, by a command or by code is recorded
alike. Never recorded: passwords, and the name typed in a failed sign-in that is nobody's, because
people type their password there by mistake.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from axes.helpers import get_client_ip_address
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from classifier.models import AuditEvent, User
from classifier.models.user import hold

STANDING = ("username", "is_active", "is_staff", "is_superuser")
"""What decides whether an account opens the site, and all of it."""
LINKS: Mapping[type[Model], tuple[str, str]] = {
    User.groups.through: ("roles changed", "groups"),
    User.user_permissions.through: ("rights changed", "user_permissions"),
    Group.permissions.through: ("rights changed", "permissions"),
}
"""What gives rights to people or roles: the event, and the attribute that holds them."""

SOMEBODY = User(username="somebody unknown")

_person: ContextVar[User | AnonymousUser | None] = ContextVar("person", default=None)


def watch() -> None:
    """Begin to record; called once, when the site starts."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_sign_in_failed)
    pre_save.connect(_before_saving, sender=User)
    post_save.connect(_saved, sender=User)
    post_delete.connect(_deleted, sender=User)
    pre_delete.connect(_role_deleted, sender=Group)
    for through in LINKS:
        m2m_changed.connect(_links_changed, sender=through)


@contextmanager
def acting(person: User | AnonymousUser) -> Iterator[None]:
    """Within, changes of accounts and roles are recorded as done by `person`."""
    token = _person.set(person)
    try:
        yield
    finally:
        _person.reset(token)


Respond = Callable[[HttpRequest], HttpResponseBase]


def recording_middleware(respond: Respond) -> Respond:
    """Record what a request changes as done by its person, who is looked up only then."""

    def respond_recorded(request: HttpRequest) -> HttpResponseBase:
        with acting(request.user):
            return respond(request)

    return respond_recorded


def _actor() -> User | None:
    person = _person.get()
    return person if person is not None and person.is_authenticated else None


def _address(request: HttpRequest | None) -> str:
    return str(get_client_ip_address(request) or "") if request else ""


# --- signing in and out, and doors that stay shut ---
def record_denial(person: User, right: str, request: HttpRequest) -> None:
    AuditEvent.objects.record(
        "access denied",
        person,
        by=person,
        right=right,
        method=request.method,
        path=request.path[:200],
        address=_address(request),
    )


def record_stop(address: str) -> None:
    """Record once that an address has failed too often: what it tries from now on is not looked at.

    Otherwise the log could be filled by whoever guesses.
    """
    AuditEvent.objects.record("sign-ins stopped", SOMEBODY, by=None, address=address)


def _signed_in(user: User, request: HttpRequest | None = None, **_kwargs: object) -> None:
    AuditEvent.objects.record("signed in", user, by=user, address=_address(request))


def _signed_out(user: User | None, request: HttpRequest, **_kwargs: object) -> None:
    if user is not None:
        AuditEvent.objects.record("signed out", user, by=user, address=_address(request))


def _sign_in_failed(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **_kwargs: object
) -> None:
    named = User.objects.filter(username=str(credentials.get("username", ""))).first()
    AuditEvent.objects.record(
        "sign-in failed", named or SOMEBODY, by=None, address=_address(request)
    )


# --- accounts ---
def _before_saving(
    instance: User, update_fields: frozenset[str] | None = None, **_kwargs: object
) -> None:
    """Note on the account what is about to change; it is recorded once it is saved."""
    instance.unrecorded = {}
    fields = [name for name in STANDING if update_fields is None or name in update_fields]
    old = User.objects.filter(pk=instance.pk).values(*fields).first() if fields else None
    for name, before in (old or {}).items():
        after = getattr(instance, name)
        if before != after:
            instance.unrecorded[name] = [before, after]


def _saved(instance: User, *, created: bool, **_kwargs: object) -> None:
    if created:
        AuditEvent.objects.record("account created", instance, by=_actor())
    elif instance.unrecorded:
        AuditEvent.objects.record("account changed", instance, by=_actor(), **instance.unrecorded)
    # Django keeps a new password here until it is saved; an old hash renewed at sign-in is none.
    if not created and getattr(instance, "_password", None) is not None:
        AuditEvent.objects.record("password changed", instance, by=_actor())


def _deleted(instance: User, **_kwargs: object) -> None:
    AuditEvent.objects.record("account deleted", instance, by=_actor())


# --- roles and rights ---
def _role_deleted(instance: Group, **_kwargs: object) -> None:
    hold(_people_of(instance))
    people = list(_people_of(instance).values_list("username", flat=True))
    AuditEvent.objects.record("role deleted", instance, by=_actor(), people=people)


def _links_changed(
    sender: type[Model],
    instance: Model,
    *,
    action: str,
    reverse: bool,
    model: type[Model],
    pk_set: set[int] | None,
    **_kwargs: object,
) -> None:
    """Record roles or rights before and after. `reverse`: `instance` is given to many at once."""
    if not action.startswith("pre_"):
        return
    what, attribute = LINKS[sender]
    others = model._default_manager.filter(
        **({"pk__in": pk_set} if pk_set is not None else {attribute: instance} if reverse else {})
    )
    for owner in others if reverse else [instance]:
        hold(_people_of(owner))
        before = {str(link) for link in getattr(owner, attribute).all()}
        named = {str(instance)} if reverse else {str(other) for other in others}
        after = before | named if action == "pre_add" else before - named
        if before != after:
            AuditEvent.objects.record(
                what, owner, by=_actor(), before=sorted(before), after=sorted(after)
            )


def _people_of(owner: Model) -> QuerySet[User]:
    """Return whose rights hang on an account or a role."""
    is_person = isinstance(owner, User)
    return User.objects.filter(pk=owner.pk) if is_person else User.objects.filter(groups=owner.pk)
