import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from classifier.views.access import client_address
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def attempt(client: Client, name: str, password: str) -> int:
    fields = {"username": name, "password": password}
    return client.post(reverse("sign-in"), fields).status_code


@pytest.fixture
def name() -> str:
    user = make_user("viewer")
    user.set_password("a long enough password")
    user.save()
    return user.username


def test_the_right_password_opens_the_site(client: Client, name: str) -> None:
    assert attempt(client, name, "a long enough password") == 302
    assert client.get(reverse("home")).status_code == 200


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(
    client: Client, name: str
) -> None:
    for _ in range(5):
        attempt(client, name, "wrong")
    assert attempt(client, name, "a long enough password") == 429
    assert client.get(reverse("home")).status_code == 302


def test_signing_out_ends_the_session(client: Client, name: str) -> None:
    attempt(client, name, "a long enough password")
    client.post(reverse("sign-out"))
    assert client.get(reverse("home")).status_code == 302


@pytest.mark.parametrize(("behind_nginx", "address"), [(True, "10.1.1.1"), (False, "127.0.0.1")])
def test_a_forwarded_address_is_believed_behind_nginx_alone(
    settings: Settings, behind_nginx: bool, address: str
) -> None:
    settings.ACCEL_REDIRECT = behind_nginx
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "10.1.1.1"})
    assert client_address(request) == address
