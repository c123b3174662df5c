"""Signed-in browsers, one for each role."""

from collections.abc import Callable

import pytest
from django.test import Client

from classifier.models import User
from tests.factories import make_lessons, make_user

ClientFor = Callable[..., Client]


@pytest.fixture
def client_for() -> ClientFor:
    """Return a client signed in as a new person with the given roles."""

    def sign_in(*roles: str) -> Client:
        client = Client()
        client.force_login(make_user(*roles), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def _reviewed(admin: User) -> None:
    """Let there be reviewed photos enough for a training run."""
    make_lessons(admin)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keep the doorbell silent; the list holds the ids of the rows it was rung for."""
    ids: list[int] = []

    def ring(_bell: object, _task: object, row_id: int) -> bool:
        ids.append(row_id)
        return True

    monkeypatch.setattr("classifier.tasks.Doorbell.ring", ring)
    return ids
