"""Every security test of the site has a media folder of its own, and a silent doorbell."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from classifier.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
PASSWORD = "concrete-and-steel-4711"


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MODELS_ROOT = tmp_path / "models"
    monkeypatch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)
    return tmp_path / "media"


def signed_in(person: User, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(person, backend=BACKEND)
    return client


def with_password(person: User, password: str = PASSWORD) -> User:
    person.set_password(password)
    person.save()
    return person
