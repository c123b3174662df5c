"""In a language made here, in which every marked text stands in ⟦brackets⟧."""

import re
from gettext import NullTranslations
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier import review
from classifier.models import Photo, Structure
from tests.classifier.views.conftest import ClientFor
from tests.factories import CRACK, DOUBT, make_classified, make_photo_set, make_user

pytestmark = pytest.mark.django_db

DATA = {"UTC", "Inspection", "Hairline", "deck", "jpg", "bridge", "mark", "Bridge", "stub", "SHA"}
"""Words that no translator changes: names, and what people typed."""


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
        rest = re.sub(r"⟦.*?⟧", "", "\n".join(self.said), flags=re.S)
        return set(re.findall(r"[A-Za-z’]{3,}", rest))


@pytest.fixture(autouse=True)
def brackets(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """German in its numbers, and in brackets."""
    settings.LANGUAGES = [("en-gb", "English"), ("de", "in brackets")]
    known = "django.utils.translation.trans_real._translations"
    monkeypatch.setattr(known, {"de": Brackets()})


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


@pytest.mark.parametrize("route", ["home", "review", "structures", "structure-map", "password"])
def test_every_word_of_a_page_is_translated(
    client_for: ClientFor, photo: Photo, route: str
) -> None:
    page = page_of(client_for("inspector", "reviewer"), reverse(route))
    assert page.untranslated() <= names()


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
