"""Accounts, as admins manage them; what each role may open stands in tests/access."""

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.test import Client
from django.urls import reverse

from classifier.models import AuditEvent, User
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_user
from tests.security.conftest import PASSWORD, signed_in, with_password

pytestmark = pytest.mark.django_db

LINK = re.compile(r"/welcome/[\w-]+/[\w-]+/")
NEW_PASSWORD = "granite and rain 7"


@pytest.fixture
def admin(client_for: ClientFor) -> Client:
    return client_for("admin")


def role(name: str) -> int:
    return make_user(name).groups.get().pk


def edit(client: Client, person: User, **fields: object) -> int:
    own = {"username": person.username, "is_active": "on", **fields}
    given = {name: value for name, value in own.items() if value}
    return client.post(reverse("person", args=[person.pk]), given).status_code


def link_for(client: Client, person: User) -> str:
    page = client.post(reverse("person-link", args=[person.pk]), follow=True).content.decode()
    found = LINK.search(page)
    assert found, page
    return found[0]


def set_password(link: str) -> int:
    """Open the link as a stranger and set a password; the status of the last answer."""
    stranger = Client()
    opened = stranger.get(link)
    if opened.status_code != 302:
        return opened.status_code
    fields = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    return stranger.post(opened["Location"], fields).status_code


def last_event(action: str) -> AuditEvent:
    return AuditEvent.objects.narrowed(words="", action=action, since=None, until=None)[0]


def test_an_added_person_signs_in_by_a_link_that_works_once(admin: Client) -> None:
    fields = {"username": "mira", "first_name": "Mira", "roles": [role("inspector")]}
    page = admin.post(reverse("person-new"), fields, follow=True).content.decode()
    link = LINK.search(page)
    assert link
    assert set_password(link[0]) == 302
    assert set_password(link[0]) == 200  # it says that it is used up
    mira = User.objects.get(username="mira")
    assert mira.check_password(NEW_PASSWORD)
    assert mira.has_perm("classifier.add_photo")


def test_a_link_runs_out_after_three_days(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_for(admin, make_user("viewer"))
    later = datetime.now() + timedelta(days=3, minutes=1)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda _: later)
    assert set_password(link) == 200  # it says that it is used up


def test_a_change_of_roles_is_recorded_with_who_did_it(admin: Client) -> None:
    person = make_user("viewer")
    assert edit(admin, person, roles=[role("reviewer")]) == 302
    assert [group.name for group in person.groups.all()] == ["reviewer"]
    event = last_event("roles changed")
    assert event.subject == person.username
    assert event.actor is not None
    assert event.actor.pk == int(admin.session["_auth_user_id"])


def test_a_person_who_may_no_longer_sign_in_is_out_at_once_and_stays_so(admin: Client) -> None:
    person = with_password(make_user("viewer"))
    browser, link = signed_in(person), link_for(admin, person)
    assert browser.get(reverse("home")).status_code == 200
    assert edit(admin, person, is_active="") == 302
    assert browser.get(reverse("home")).status_code == 302
    assert set_password(link) == 200
    assert edit(admin, person) == 302
    assert browser.get(reverse("home")).status_code == 302  # the old session does not come back
    person.refresh_from_db()
    assert not person.check_password(PASSWORD)


def test_no_link_is_made_for_somebody_who_may_not_sign_in(admin: Client) -> None:
    person = make_user("viewer")
    User.objects.filter(pk=person.pk).update(is_active=False)
    page = admin.post(reverse("person-link", args=[person.pk]), follow=True).content.decode()
    assert "No link was made" in page
    assert not LINK.search(page)


def stronger(kind: str) -> User:
    """Return an account that may do more than an admin."""
    person = make_user("admin")
    if kind == "right":
        person.user_permissions.add(Permission.objects.get(codename="delete_user"))
    elif kind == "shut superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True, is_active=False)
    else:
        User.objects.filter(pk=person.pk).update(**{f"is_{kind}": True})
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize("kind", ["superuser", "staff", "right", "shut superuser"])
def test_an_account_that_may_do_more_is_not_touched(admin: Client, kind: str) -> None:
    person = stronger(kind)
    before = User.objects.filter(pk=person.pk).values().get()
    assert edit(admin, person, username="mine", is_active="") == 403
    assert admin.post(reverse("person-link", args=[person.pk])).status_code == 403
    assert User.objects.filter(pk=person.pk).values().get() == before
    page = admin.get(reverse("person", args=[person.pk])).content.decode()
    assert "may do more than yours" in page


def test_nobody_changes_their_own_account(admin: Client) -> None:
    me = User.objects.get(pk=admin.session["_auth_user_id"])
    assert edit(admin, me, is_active="") == 403
    assert "This is you." in admin.get(reverse("person", args=[me.pk])).content.decode()


def test_no_role_is_given_that_holds_more_than_an_admin(admin: Client) -> None:
    beyond = make_user("viewer").groups.create(name="owner")
    beyond.permissions.add(Permission.objects.get(codename="delete_user"))
    person = make_user("viewer")
    assert edit(admin, person, roles=[beyond.pk]) == 200
    assert [group.name for group in person.groups.all()] == ["viewer"]


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "user_permissions", "password"])
def test_a_field_that_no_form_has_changes_nothing(admin: Client, field: str) -> None:
    person = make_user("viewer")
    before = User.objects.filter(pk=person.pk).values("is_superuser", "is_staff", "password").get()
    edit(admin, person, **{field: "1"})
    after = User.objects.filter(pk=person.pk).values("is_superuser", "is_staff", "password").get()
    assert before == after
    assert not person.user_permissions.exists()


def test_a_name_that_is_taken_is_refused_in_words(admin: Client) -> None:
    taken = make_user("viewer")
    page = admin.post(reverse("person-new"), {"username": taken.username}).content.decode()
    assert "already exists" in page
