"""S11, S12: settings of production are sound, and no secret is a default."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier.models import User
from tests.conftest import ROOT
from tests.factories import make_user
from tests.security.conftest import signed_in

KEY = "k3y-" * 20
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "inspection_site.settings",
    "HAIRLINE_HTTPS": "true",
    "HAIRLINE_ALLOWED_HOSTS": "cracks.example.org",
    "HAIRLINE_SECRET_KEY": KEY[:-1] + "ABCDEFghijkl0123456789",
}


def manage(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HAIRLINE_DATA": str(folder), **PRODUCTION, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_for_deployment_has_nothing_to_say(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stderr.strip()) == (0, "") or "no issues" in done.stdout


@pytest.mark.parametrize("key", ["secret", "changeme-changeme", "x" * 49])
def test_a_key_that_can_be_guessed_stops_the_start(tmp_path: Path, key: str) -> None:
    done = manage(tmp_path, "check", HAIRLINE_SECRET_KEY=key)
    assert done.returncode != 0
    assert "HAIRLINE_SECRET_KEY" in done.stderr
    assert "openssl rand" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SESSION_COOKIE_NAME", "__Host-sessionid"),
        ("CSRF_COOKIE_NAME", "__Host-csrftoken"),
        ("CSRF_COOKIE_SECURE", "True"),
        ("CSRF_COOKIE_HTTPONLY", "True"),
        ("CSRF_COOKIE_SAMESITE", "Lax"),
        ("SECURE_SSL_REDIRECT", "True"),
        ("SECURE_HSTS_INCLUDE_SUBDOMAINS", "True"),
        ("SESSION_COOKIE_SECURE", "True"),
        ("SESSION_COOKIE_HTTPONLY", "True"),
        ("SESSION_COOKIE_SAMESITE", "Lax"),
        ("SESSION_COOKIE_DOMAIN", "None"),
        ("SECURE_HSTS_SECONDS", "31536000"),
        ("DEBUG", "False"),
        ("USE_X_FORWARDED_HOST", "False"),
    ],
)
def test_production_has_the_safe_value(tmp_path: Path, setting: str, value: str) -> None:
    code = f"from django.conf import settings; print(settings.{setting})"
    assert manage(tmp_path, "shell", "--no-imports", "-c", code).stdout.strip() == value


def test_the_version_that_workers_tell_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"] == settings.VERSION


@pytest.mark.django_db
def test_no_account_is_there_by_default() -> None:
    assert not User.objects.exists()


@pytest.mark.django_db
def test_sessions_outlive_the_change_of_the_secret_key(settings: Settings) -> None:
    client = signed_in(make_user("viewer"))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 6
    assert client.get(reverse("home")).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    stale = Client()
    stale.cookies["sessionid"] = client.cookies["sessionid"].value
    settings.SECRET_KEY = "a-third-key--" * 6
    assert stale.get(reverse("home")).status_code == 302


def test_passwords_are_kept_as_slow_hashes(tmp_path: Path) -> None:
    code = "from django.contrib.auth.hashers import make_password; print(make_password('x'))"
    hashed = manage(tmp_path, "shell", "--no-imports", "-c", code).stdout.strip()
    algorithm, rounds, *_ = hashed.split("$")
    assert algorithm == "pbkdf2_sha256"
    assert int(rounds) >= 600_000
