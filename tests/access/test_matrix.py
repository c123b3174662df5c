"""Each cell of `matrix.csv` as a test: nine principals × every address and verb.

A cell is a status, or `sign-in` for being led to a sign-in page. `shown.csv` adds what pages show
to some and hide from others.
"""

import csv
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoDbBlocker

from tests.access.world import SECRETS, World, contents, make_world
from tests.conventions.source import complaint

pytestmark = pytest.mark.django_db

HERE = Path(__file__).parent
FORBIDDEN = ("403", "sign-in")
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


MATRIX = table("matrix.csv")
PRINCIPALS = list(MATRIX[0])[2:]
ROUTE = itemgetter("route")
CELLS = [(row["route"], row["verb"], who, row[who]) for row in MATRIX for who in PRINCIPALS]
SHOWN = [
    (row["route"], row["text"], who, column == "shown_to")
    for row in table("shown.csv")
    for column in ("shown_to", "hidden_from")
    for who in row[column].split()
]
CHANGES_NOTHING = {
    "sign-in": "refuses a wrong password, and people who are signed in",
    "sign-out": "ends a session, and strangers have none",
    "password": "asks for the current password",
    "welcome": "leads to a form first",
    "photos-known": "only tells",
    "undo-many": "nobody here decided on many photos",
    "activate": "that version is active",
    "discard": "that version is needed",
    "rescore-cancel": "nothing is being judged again",
    "train": "a run is waiting already",
}
"""Forms that these principals may send here without effect, each with the reason."""
NO_ROW = ("sign-in", "sign-out", "words", "healthz", "readyz")
WITH_ROW = [row for row in MATRIX if row["route"] not in NO_ROW]


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Make the site once for all cells, in a transaction that is never committed."""
    media = tmp_path_factory.mktemp("media")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)
        with (
            override_settings(MEDIA_ROOT=media, SWEEP_SILENCE_SECONDS=86_400),
            django_db_blocker.unblock(),
            transaction.atomic(),
        ):
            yield make_world()
            transaction.set_rollback(True)


@pytest.fixture(scope="module")
def untouched(world: World) -> dict[str, object]:
    """What the site holds before each test: what a test changes is rolled back."""
    return contents()


def ask(client: Client, verb: str, address: str, fields: dict[str, object]) -> HttpResponseBase:
    if verb == "POST":
        return client.post(address, fields)
    return client.generic(verb, address)


def outcome(answer: HttpResponseBase) -> str:
    return named(answer.status_code, answer.headers.get("Location", ""))


def named(status: int, target: str) -> str:
    """Return the status, or `sign-in` where the answer leads to a sign-in page and back."""
    asked = target.startswith(("/sign-in/?next=/", "/admin/login/?next=/"))
    return "sign-in" if asked and status == 302 else str(status)


def body(answer: HttpResponseBase) -> str:
    content = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]  # Django's two kinds
    return content.decode(errors="replace")


@pytest.mark.parametrize(("route", "verb", "who", "expected"), CELLS)
def test_a_principal_gets_the_answer_of_the_matrix(
    world: World, untouched: dict[str, object], route: str, verb: str, who: str, expected: str
) -> None:
    answer = ask(world.client(who), verb, world.address(route), world.fields(route))
    assert outcome(answer) == expected
    text = body(answer)
    if expected in FORBIDDEN:
        assert not any(secret in text for secret in SECRETS)
    if verb == "POST" and (expected in FORBIDDEN or route not in CHANGES_NOTHING):
        assert (contents() == untouched) == (expected in FORBIDDEN)


@pytest.mark.parametrize("row", [row for row in MATRIX if row["verb"] == "GET"], ids=ROUTE)
def test_asking_for_the_head_is_answered_like_asking_for_the_page(
    world: World, row: dict[str, str]
) -> None:
    for who in PRINCIPALS:
        answer = world.client(who).head(world.address(row["route"]))
        assert (outcome(answer), body(answer)) == (row[who], ""), who


@pytest.mark.parametrize(("route", "text", "who", "shown"), SHOWN)
def test_a_page_shows_a_person_what_is_theirs(
    world: World, route: str, text: str, who: str, shown: bool
) -> None:
    page = body(world.client(who).get(world.address(route)))
    assert (text in page) == shown


@pytest.mark.parametrize("row", WITH_ROW, ids=lambda row: f"{row['verb']} {row['route']}")
def test_a_row_that_is_not_there_answers_as_one_that_may_not_be_seen(
    world: World, untouched: dict[str, object], row: dict[str, str]
) -> None:
    """Who may not open the address learns nothing from it; who may is told 404."""
    missing = world.address(row["route"], pk=10**9)
    if missing == world.address(row["route"]):
        return  # an address without a row
    for who in PRINCIPALS:
        wanted = row[who] if row[who] in FORBIDDEN else "404"
        if row["route"] in ("photo-image/original", "photo-image/plain") and who == "viewer":
            wanted = "404"  # a viewer may know the photo, only not download it
        assert outcome(ask(world.client(who), row["verb"], missing, {})) == wanted
    assert row["verb"] == "GET" or contents() == untouched


@pytest.mark.parametrize(
    "route", sorted({row["route"] for row in MATRIX if ":" not in row["route"]})
)
def test_a_verb_that_is_not_listed_is_refused(
    world: World, untouched: dict[str, object], route: str
) -> None:
    listed = {row["verb"] for row in MATRIX if row["route"] == route}
    listed |= {"HEAD"} if "GET" in listed else set()
    for verb in set(VERBS) - listed:
        for who in ("anonymous", "superuser"):
            answer = ask(world.client(who), verb, world.address(route), {})
            assert outcome(answer) == "405", f"{verb} by {who}"
    assert contents() == untouched


# --- nothing is left out ---
def names(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield str(entry.name)
        elif entry.app_name != "admin":
            yield from names(entry)


def test_every_route_is_in_the_matrix() -> None:
    listed = {row["route"].partition("/")[0] for row in MATRIX}
    missing = set(names(get_resolver())) - listed
    assert not missing, complaint("Say in matrix.csv who may open these:", sorted(missing))


def test_every_model_of_the_admin_is_in_the_matrix() -> None:
    listed = {row["route"] for row in MATRIX}
    models = [model._meta for model in admin.site._registry]
    wanted = {f"admin:{meta.app_label}_{meta.model_name}_changelist" for meta in models}
    assert wanted <= listed, complaint("Say in matrix.csv who may open:", sorted(wanted - listed))


def test_no_row_of_the_matrix_is_doubled_or_empty() -> None:
    keys = [(row["route"], row["verb"]) for row in MATRIX]
    assert len(keys) == len(set(keys))
    assert all(cell for row in MATRIX for cell in row.values())
