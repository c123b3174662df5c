"""The audit log tells who signed in, who was refused, and whose roles changed."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from classifier import photo_files, roles
from classifier.accounts import acting
from classifier.models import AuditEvent, Photo, User
from tests.factories import make_photo_set, make_user, upload_file

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"


@pytest.fixture
def person() -> User:
    user = make_user("viewer")
    user.set_password(PASSWORD)
    user.save()
    return user


def last(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).latest("pk")


def details() -> str:
    return str(list(AuditEvent.objects.values()))


def sign_in(client: Client, name: str, password: str = PASSWORD, **headers: Any) -> int:
    fields = {"username": name, "password": password}
    return client.post(reverse("sign-in"), fields, headers=headers).status_code


def test_signing_in_and_out_are_recorded_with_the_address(client: Client, person: User) -> None:
    assert sign_in(client, person.username) == 302
    client.post(reverse("sign-out"))
    for action in ("signed in", "signed out"):
        event = last(action)
        assert (event.actor, event.subject_id) == (person, person.pk)
        assert event.detail == {"address": "127.0.0.1"}


def test_a_failed_sign_in_names_the_account_but_never_the_password(
    client: Client, person: User
) -> None:
    sign_in(client, person.username, "secret guess")
    event = last("sign-in failed")
    assert (event.actor, event.subject_id) == (None, person.pk)
    assert "secret guess" not in details()


def test_what_nobody_is_called_is_not_recorded(client: Client) -> None:
    sign_in(client, "my password by mistake")
    event = last("sign-in failed")
    assert (event.subject, event.subject_id) == ("somebody unknown", 0)
    assert "by mistake" not in details()


def test_a_refused_page_is_recorded_with_the_right_that_was_missing(
    client: Client, person: User
) -> None:
    sign_in(client, person.username)
    client.get(reverse("review"))
    event = last("access denied")
    assert event.actor == person
    assert event.detail["right"] == "classifier.add_decision"
    assert (event.detail["method"], event.detail["path"]) == ("GET", "/review/")


def refusals(person: User) -> list[tuple[str, str]]:
    """What this person was refused: method and right, each time."""
    events = AuditEvent.objects.filter(action="access denied", actor=person).order_by("id")
    return [(event.detail["method"], event.detail["right"]) for event in events]


def signed_in(*held: str) -> tuple[Client, User]:
    client, user = Client(), make_user(*held)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client, user


def test_every_refusal_is_recorded_once() -> None:
    client, admin = signed_in("admin")
    for route in ("person", "person-link"):  # nobody's own account
        assert client.post(reverse(route, args=[admin.pk])).status_code == 403
    assert refusals(admin) == [("POST", "to manage this account")] * 2
    client, viewer = signed_in("viewer")
    assert client.post(reverse("person", args=[admin.pk])).status_code == 403
    assert refusals(viewer) == [("POST", roles.OPERATE)]


def test_an_upload_that_is_refused_at_its_end_is_recorded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, inspector = signed_in("inspector")
    keep = photo_files.keep

    def keep_and_lose_the_role(path: Path, photo: Photo) -> None:
        keep(path, photo)
        inspector.groups.clear()

    monkeypatch.setattr(photo_files, "keep", keep_and_lose_the_role)
    address = reverse("photo-upload", args=[make_photo_set().pk])
    assert client.post(address, {"photo": upload_file()}).status_code == 403
    assert refusals(inspector) == [("POST", roles.UPLOAD)]


def test_roles_are_recorded_before_and_after() -> None:
    user = make_user("viewer")
    user.groups.add(Group.objects.get(name="reviewer"))
    event = last("roles changed")
    assert event.subject_id == user.pk
    assert event.detail == {"before": ["viewer"], "after": ["reviewer", "viewer"]}


def test_roles_taken_away_all_at_once_are_recorded() -> None:
    user = make_user("viewer")
    user.groups.clear()
    assert last("roles changed").detail == {"before": ["viewer"], "after": []}


def test_a_role_given_from_its_own_side_is_recorded_for_the_person() -> None:
    user = make_user("viewer")
    Group.objects.get(name="admin").user_set.add(user)
    event = last("roles changed")
    assert (event.subject_id, event.detail["after"]) == (user.pk, ["admin", "viewer"])


def test_a_role_that_gains_a_right_is_recorded() -> None:
    role = Group.objects.get(name="viewer")
    role.permissions.add(Permission.objects.get(codename="add_trainingrun"))
    event = last("rights changed")
    assert (event.subject_type, event.subject) == ("group", "viewer")
    assert len(event.detail["after"]) == len(event.detail["before"]) + 1


def test_a_deleted_role_is_recorded_with_its_people() -> None:
    user = make_user("viewer")
    Group.objects.get(name="viewer").delete()
    assert last("role deleted").detail == {"people": [user.username]}


def test_a_right_held_already_is_no_change() -> None:
    user = make_user("viewer")
    count = AuditEvent.objects.count()
    user.groups.add(Group.objects.get(name="viewer"))
    assert AuditEvent.objects.count() == count


def test_a_deactivation_is_recorded_with_who_did_it(person: User) -> None:
    admin = make_user("admin")
    person.is_active = False
    with acting(admin):
        person.save()
    event = last("account changed")
    assert (event.actor, event.detail) == (admin, {"is_active": [True, False]})


def test_a_new_password_is_recorded_without_it(person: User) -> None:
    person.set_password("an even longer password")
    person.save()
    assert last("password changed").detail == {}
    assert "even longer" not in details()
    assert person.password not in details()


def test_a_sign_in_alone_changes_no_account(client: Client, person: User) -> None:
    count = AuditEvent.objects.count()
    sign_in(client, person.username)
    assert AuditEvent.objects.count() == count + 1


def test_a_role_changed_in_the_admin_is_recorded_as_done_by_the_admin(client: Client) -> None:
    root = User.objects.create_superuser("root")
    person = make_user("viewer")
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    fields = {
        "username": person.username,
        "is_active": "on",
        "groups": [Group.objects.get(name="reviewer").pk],
        **{"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"},
    }
    answer = client.post(reverse("admin:classifier_user_change", args=[person.pk]), fields)
    assert answer.status_code == 302
    event = last("roles changed")
    assert (event.actor, event.subject_id) == (root, person.pk)


def test_a_deleted_account_leaves_its_trace() -> None:
    person = make_user("viewer")
    pk = person.pk
    person.delete()
    assert last("account deleted").subject_id == pk
