"""Accounts of the organisation's people, as its admins manage them.

Nobody changes their own roles, nor an account that may do more than theirs: otherwise a password
link for that account would give them its rights. What is changed is recorded by `accounts`.
"""

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from classifier import roles
from classifier.models import AuditEvent, User
from classifier.rights import written_by


def _rights(person: User) -> set[int]:
    """The rights that roles give, also to an account that is shut at the moment."""
    if person.is_superuser:
        return set(Permission.objects.values_list("pk", flat=True))
    held = Permission.objects.filter(Q(group__user=person) | Q(user=person))
    return set(held.values_list("pk", flat=True))


def may_manage(admin: User, person: User) -> bool:
    if person == admin or person.is_superuser or person.is_staff:
        return False
    return _rights(person) <= _rights(admin)


def roles_to_give(admin: User) -> QuerySet[Group]:
    """Return the roles that hold no right beyond those of `admin`."""
    beyond = Permission.objects.exclude(pk__in=_rights(admin))
    return Group.objects.exclude(permissions__in=beyond).order_by("name")


@transaction.atomic
def save(person: User, given: QuerySet[Group], *, by: User) -> None:
    """Store an account with its roles.

    Shutting it ends its sessions and password links at once; both hang on the password.
    """
    by.demand_anew(roles.OPERATE)
    if not person.is_active or not person.pk:
        person.set_unusable_password()
    person.save()
    person.groups.set(given)


@written_by(roles.OPERATE)
def password_link(person: User, *, by: User) -> tuple[str, str]:
    """Return the two parts of a link by which the person sets a password, once."""
    AuditEvent.objects.record("password link made", person, by=by)
    pk = urlsafe_base64_encode(force_bytes(person.pk))
    return pk, default_token_generator.make_token(person)
