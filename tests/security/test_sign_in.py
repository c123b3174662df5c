"""S07–S10, S13: who gets in, for how long, and where they are led."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertRedirects

from classifier.models import AuditEvent, User
from classifier.views import sign_in
from classifier.views.pace import Pace
from tests.factories import make_user
from tests.security.conftest import PASSWORD, signed_in, with_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return with_password(make_user("viewer"))


@pytest.fixture(autouse=True)
def fresh_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "failed_sign_ins", Pace(100))


def attempt(
    client: Client,
    name: str,
    password: str = PASSWORD,
    *,
    address: str = "10.0.0.1",
    next: str = "",
) -> int:
    fields = {"username": name, "password": password, "next": next}
    return client.post(reverse("sign-in"), fields, REMOTE_ADDR=address).status_code


# --- S07: guessing ---
def test_five_wrong_passwords_lock_one_account_from_one_address_alone(person: User) -> None:
    other = with_password(make_user("viewer"))
    assert [attempt(Client(), person.username, "wrong") for _ in range(5)][:4] == [200] * 4
    assert attempt(Client(), person.username) == 429
    assert attempt(Client(), other.username) == 302
    assert attempt(Client(), person.username, address="10.0.0.2") == 302


def test_a_forged_address_does_not_unlock(person: User) -> None:
    for number in range(6):
        Client().post(
            reverse("sign-in"),
            {"username": person.username, "password": "wrong"},
            headers={"X-Forwarded-For": f"10.9.9.{number}"},
        )
    answer = Client().post(reverse("sign-in"), {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 429


def test_one_password_for_many_accounts_is_stopped_by_the_address(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "failed_sign_ins", Pace(20))
    statuses = [attempt(Client(), f"nobody-{number}", "Winter2026!!") for number in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    assert attempt(Client(), person.username) == 429
    assert attempt(Client(), person.username, address="10.0.0.2") == 302
    stopped = AuditEvent.objects.filter(action="sign-ins stopped").get()
    assert stopped.detail == {"address": "10.0.0.1"}


def test_the_admin_has_no_door_of_its_own(person: User) -> None:
    """Guesses there would not be counted with those of the sign-in page."""
    for client in (Client(), signed_in(person)):
        fields = {"username": person.username, "password": PASSWORD}
        assert client.post("/admin/login/", fields).status_code == 405
    target = reverse("sign-in") + "?next=/admin/"
    assertRedirects(Client().get("/admin/login/?next=/admin/"), target)
    assert signed_in(person).get("/admin/", follow=True).status_code == 403


# --- S08: who has an account ---
def test_a_failed_sign_in_tells_nothing_about_the_account(person: User) -> None:
    inactive = with_password(make_user("viewer"))
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    pages = {
        Client()
        .post(reverse("sign-in"), {"username": name, "password": "wrong"})
        .content.decode()
        .replace(name, "NAME")
        .split("csrfmiddlewaretoken")[0]
        for name in (person.username, "nobody-at-all", inactive.username)
    }
    assert len(pages) == 1


def test_an_unknown_name_costs_the_work_of_a_known_one(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever measures the answer learns nothing: the same hash is computed either way."""
    hashed: list[int] = []
    encode = MD5PasswordHasher.encode

    def counted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(len(password))
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for name in (person.username, "nobody"):
        attempt(Client(), name, "wrong")
    known, unknown = hashed
    assert known == unknown == len("wrong")


# --- S09: passwords ---
@pytest.mark.parametrize(
    "password",
    [
        *("short", "a" * 11, "password1234", "inspector-one"),
        *("Hairline-2026-bridge", "the admin of the north", "testserver-winter-7"),
    ],
)
def test_a_weak_password_is_refused(password: str) -> None:
    user = User(username="inspector-one")
    with pytest.raises(ValidationError):
        validate_password(password, user)


def test_a_long_password_counts_to_its_last_letter(person: User) -> None:
    long = "brücke " * 18
    validate_password(long, person)
    with_password(person, long)
    assert not person.check_password(long[:-1])
    assert person.check_password(long)


def change(client: Client, old: str, new: str) -> int:
    fields = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("password"), fields).status_code


def test_a_password_is_changed_with_the_current_one_alone(person: User) -> None:
    client = signed_in(person)
    assert change(client, "wrong", "another-good-secret-1") == 200
    assert change(client, PASSWORD, "short") == 200
    assert change(client, PASSWORD, "another-good-secret-1") == 302
    person.refresh_from_db()
    assert person.check_password("another-good-secret-1")


@pytest.mark.parametrize("route", ["sign-in", "password"])
def test_passwords_are_hidden_and_known_to_a_password_manager(person: User, route: str) -> None:
    client = Client() if route == "sign-in" else signed_in(person)
    page = client.get(reverse(route)).content.decode()
    fields = re.findall(r'<input[^>]*name="[^"]*password[^"]*"[^>]*>', page)
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field), field


# --- S10: sessions ---
def test_signing_in_gives_a_new_session(person: User) -> None:
    client = Client()
    client.get(reverse("sign-in"))
    client.cookies["sessionid"] = "a-session-an-attacker-chose"
    attempt(client, person.username)
    assert client.cookies["sessionid"].value != "a-session-an-attacker-chose"


def test_a_session_is_dead_on_the_server_after_signing_out(person: User) -> None:
    client = Client()
    attempt(client, person.username)
    stolen = client.cookies["sessionid"].value
    answer = client.post(reverse("sign-out"))
    assert answer["Clear-Site-Data"] == '"cache"'
    assert not Session.objects.filter(session_key=stolen).exists()
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get(reverse("home")).status_code == 302


def test_a_new_password_ends_every_other_session(person: User) -> None:
    here, elsewhere = signed_in(person), signed_in(person)
    change(here, PASSWORD, "another-good-secret-1")
    assert here.get(reverse("home")).status_code == 200
    assert elsewhere.get(reverse("home")).status_code == 302


def test_a_session_ends_eight_hours_after_the_sign_in_whatever_is_done(person: User) -> None:
    client = Client()
    attempt(client, person.username)
    session = client.session
    assert session.get_expiry_age() == pytest.approx(8 * 3600, abs=60)
    later = timezone.now() + timedelta(hours=7, minutes=59)
    assert session.get_expiry_age(modification=later) == pytest.approx(60, abs=60)
    session["batch"] = "decided on a contact sheet"
    session.save()
    assert client.session.get_expiry_date() == session.get_expiry_date()


# --- S13: led elsewhere ---
ELSEWHERE = (
    "https://evil.example/",
    "http://evil.example",
    "//evil.example/",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "https:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\thttps://evil.example",
    "\x00//evil.example",
    " //evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "//testserver:80@evil.example",
    "ftp://testserver/",
    "http:\\\\evil.example",
)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_to_this_site_alone(person: User, target: str) -> None:
    client = Client()
    fields = {"username": person.username, "password": PASSWORD, "next": target}
    answer = client.post(reverse("sign-in"), fields)
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_another_hosts_name_is_refused_or_ignored(client: Client, header: str) -> None:
    answer = client.get(reverse("sign-in"), headers={header: "evil.example"})
    assert answer.status_code == (400 if header == "Host" else 200)
    assert "evil.example" not in answer.content.decode()
