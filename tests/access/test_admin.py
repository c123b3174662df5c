"""Django's admin, inside and out: each of its addresses × nine principals, and what it may change.

The addresses are read from the admin itself, so that none can be left out.
"""

from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, reverse

from classifier.models import Trial
from tests.access.test_matrix import PRINCIPALS, ask, body, outcome, untouched, world
from tests.access.world import SECRETS, World, contents

__all__ = ["untouched", "world"]

pytestmark = pytest.mark.django_db

OPEN = {"logout": "ends the session", "login": "leads to the page for signing in"}
"""Addresses without a right, each with the reason."""
AXES = ("axes_accessattempt", "axes_accesslog", "axes_accessfailurelog")
EDITED = ("auth_group", "classifier_user", *AXES)
"""What a superuser changes here: people, their roles, and the counts of wrong passwords."""


def entries(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from entries(entry.url_patterns)
        elif entry.name:
            yield entry.name


NAMES = [name for name in entries(admin.site.get_urls()) if name not in OPEN]
MODELS: dict[str, type[Model]] = {
    f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry
}


def address(name: str, world: World) -> str:
    model, _, kind = name.rpartition("_")
    if name == "app_list":
        return reverse("admin:app_list", args=["classifier"])
    if name == "view_on_site":
        return reverse("admin:view_on_site", args=[1, 1])
    if name == "auth_user_password_change":
        return reverse("admin:" + name, args=[world.rows["person"]])
    if model not in MODELS or kind in ("add", "changelist"):
        return reverse("admin:" + name)
    return reverse("admin:" + name, args=[row_of(MODELS[model], world)])


def row_of(model: type[Model], world: World) -> int:
    version = world.rows["version"]
    needed: dict[type[Model], dict[str, object]] = {
        AccessAttempt: {"failures_since_start": 1},
        Trial: {"candidate_id": version, "active_id": version, "passed": False, "findings": []},
    }
    row = model._base_manager.first() or model._base_manager.create(**needed.get(model, {}))
    return int(row.pk)


@pytest.mark.parametrize("name", NAMES)
def test_only_a_superuser_enters_the_admin(world: World, name: str) -> None:
    path = address(name, world)
    before = contents()
    for who in PRINCIPALS:
        for verb in ("GET", "HEAD", "POST") if who != "superuser" else ():
            answer = ask(world.client(who), verb, path, {"post": "yes", "name": "changed"})
            assert outcome(answer) == "sign-in", f"{verb} by {who}"
            assert not any(secret in body(answer) for secret in SECRETS)
    assert contents() == before


READ_ONLY = [name for name in NAMES if name.rpartition("_")[0] in set(MODELS) - set(EDITED)]


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_the_site_writes_a_superuser_only_reads(world: World, name: str) -> None:
    path, kind = address(name, world), name.rpartition("_")[2]
    client, before = world.client("superuser"), contents()
    readable = kind in ("changelist", "change", "history")
    assert outcome(ask(client, "GET", path, {})) == ("200" if readable else "403")
    answer = ask(client, "POST", path, {"post": "yes", "name": "changed"})
    if kind in ("add", "change", "delete"):
        assert outcome(answer) == "403"
    assert contents() == before
