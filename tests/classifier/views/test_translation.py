"""In a language made here, in which every marked text stands in ⟦brackets⟧."""

import re
import struct
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier import review
from classifier.models import Photo, Structure
from tests.access.test_matrix import MATRIX
from tests.access.world import World, make_world
from tests.classifier.views.conftest import ClientFor
from tests.conventions.source import complaint
from tests.factories import CRACK, DOUBT, make_classified, make_photo_set, make_user

pytestmark = pytest.mark.django_db

TYPED = """UTC Inspection Hairline deck jpg bridge mark Bridge stub SHA CSV JSON COCO GeoJSON name
Secret viaduct bearing pier newcomer renamed New Renamed Spring wet stain"""
DATA = set(TYPED.split())
"""Words that no translator changes: names, and what people typed."""


GERMAN = {"Accept-Language": "de", "Accept": "text/html"}
FILES = {"photo-image", "report-pdf", "shared-report"}
NOT_TRANSLATED = {
    "patterns": "invented texts",
    "sign-out": "the sign-in page, which has its own row",
    "time-zone": "a list of cities",
    "audit": "the log, which is one text for all",
    "training-run-cancel": "what became of a run is kept with it",
}
SILENT = ("script", "style", "code", "kbd")


class Brackets(NullTranslations):
    def gettext(self, message: str) -> str:
        return message if "\x04" in message or not message else f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)

    def language(self) -> str:
        return "de"

    def to_language(self) -> str:
        return "de"


class Words(HTMLParser):
    """What a page says, without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.numbers: list[str] = []
        self.silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.silent = tag in SILENT
        for name, value in attributes:
            if name in ("aria-label", "data-label", "placeholder", "title"):
                self.said.append(value or "")
            if name in ("width", "height", "x1", "x2", "max", "value", "data-place"):
                self.numbers.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent = self.silent and tag not in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)

    def untranslated(self) -> set[str]:
        rest = "\n".join(self.said)
        while (outer := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:
            rest = outer
        return set(re.findall(r"[A-Za-z’]{3,}", rest))


@pytest.fixture(autouse=True)
def brackets(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """German in its numbers, and in brackets."""
    settings.LANGUAGES = [("en-gb", "English"), ("de", "in brackets")]
    known = "django.utils.translation.trans_real._translations"
    monkeypatch.setattr(known, {"de": Brackets()})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)
    return make_world()


@pytest.fixture
def photo() -> Photo:
    photo_set = make_photo_set()
    Structure.objects.update(latitude=53.7391, longitude=-0.3446)
    make_classified(photo_set, DOUBT)
    return make_classified(photo_set, CRACK)


def page_of(client: Client, address: str) -> Words:
    answer = client.get(address, headers={"Accept-Language": "de"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'lang="de"' in page
    assert "%(" not in page, "a placeholder was not filled"
    return Words(page)


def names() -> set[str]:
    people = " ".join(f"{p}" for p in make_user().__class__.objects.all())
    return DATA | set(re.findall(r"[A-Za-z]{3,}", people))


def forgotten(world: World, client: Client, row: dict[str, str]) -> set[str]:
    """What a page says that is not translated; of a button, the page after its press."""
    address = world.address(row["route"])
    with transaction.atomic():
        if row["verb"] == "GET":
            answer = client.get(address, headers=GERMAN)
        else:
            form = world.fields(row["route"])
            answer = client.post(address, form, headers=GERMAN, follow=True)
        transaction.set_rollback(True)
    is_page = answer.headers["Content-Type"].startswith("text/html")
    return Words(answer.content.decode()).untranslated() if is_page else set()


def test_every_word_of_every_page_is_translated(world: World) -> None:
    client, left = world.client("superuser"), {*NOT_TRANSLATED, *FILES}
    rows = [row for row in MATRIX if not row["route"].startswith(("admin:", *left))]
    found = [
        f"{row['verb']} {row['route']}: {sorted(words)}"
        for row in rows
        if row["verb"] in ("GET", "POST") and (words := forgotten(world, client, row) - names())
    ]
    assert not found, complaint("Not translated:", found)


def test_every_word_of_a_photo_is_translated(client_for: ClientFor, photo: Photo) -> None:
    by = make_user("reviewer")
    review.decide(photo, "dismissed", by=by, seen_decision_id=None, cause="joint")
    page = page_of(client_for("inspector", "reviewer"), reverse("photo", args=[photo.pk]))
    assert page.untranslated() <= names()


@pytest.mark.parametrize("route", ["review", "structure-map"])
def test_numbers_for_machines_keep_their_point(
    client_for: ClientFor, photo: Photo, route: str
) -> None:
    page = page_of(client_for("inspector", "reviewer"), reverse(route))
    assert not [number for number in page.numbers if re.fullmatch(r"-?\d+,\d+", number)]


def test_numbers_for_people_have_the_sign_of_their_language(
    client_for: ClientFor, photo: Photo
) -> None:
    page = page_of(client_for("reviewer"), reverse("review"))
    assert re.search(r"0,\d\d", " ".join(page.said))


def compiled(texts: dict[str, str]) -> bytes:
    """Return a catalogue as msgfmt writes it."""
    pairs = sorted((text.encode(), said.encode()) for text, said in texts.items())
    count, end = len(pairs), 28 + 16 * len(pairs)
    tables, strings = [b"", b""], b""
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<II", len(pair[column]), end + len(strings))
            strings += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, end)
    return head + b"".join(tables) + strings


def test_scripts_get_their_sentences_in_the_language_of_the_browser(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "djangojs.mo"
    file.parent.mkdir(parents=True)
    head = {"": "Content-Type: text/plain; charset=UTF-8\n"}
    file.write_bytes(compiled({**head, "%s of %s stored": "%s von %s gespeichert"}))
    settings.LOCALE_PATHS = [tmp_path]
    for language, is_german in (("de", True), ("en", False)):
        answer = client.get(reverse("words"), headers={"Accept-Language": language})
        assert answer["Content-Type"].startswith("text/javascript")
        assert ("%s von %s gespeichert" in answer.content.decode()) == is_german
        assert "Accept-Language" in answer["Vary"]
