"""A decision belongs to the answer that was on its page, whatever versions say meanwhile."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from classifier import rescoring, versions
from classifier.models import Decision, Photo, Prediction
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_candidate, make_classified, make_user

pytestmark = pytest.mark.django_db
MARK = {"kind": "missed", "shape": "box", "x1": 10, "y1": 20, "x2": 60, "y2": 80}


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


def rescored(photo: Photo) -> Prediction:
    """Let a newer version answer all photos; return what the photo shows now."""
    admin = make_user("admin")
    newer = versions.activate(make_candidate(), by=admin, reason="newer")
    rescoring.go_on(rescoring.ask(newer, by=admin).pk)
    photo.refresh_from_db()
    assert photo.prediction
    return photo.prediction


def hidden(client: Client, page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([0-9,]+)"', client.get(page).content.decode())
    assert found, page
    return found[1]


def by_photo_page(client: Client, photo: Photo) -> Callable[[], object]:
    seen = hidden(client, reverse("photo", args=[photo.pk]), "answer")
    fields = {"outcome": "confirmed", "answer": seen}
    return lambda: client.post(reverse("decide", args=[photo.pk]), fields)


def by_queue(client: Client, photo: Photo) -> Callable[[], object]:
    fields = {"outcome": "confirmed", "answer": hidden(client, reverse("review"), "answer")}
    accept = {"Accept": "application/json"}
    return lambda: client.post(reverse("decide", args=[photo.pk]), fields, headers=accept)


def by_mark(client: Client, photo: Photo) -> Callable[[], object]:
    seen = hidden(client, reverse("photo", args=[photo.pk]), "answer")
    return lambda: client.post(reverse("mark", args=[photo.pk]), MARK | {"answer": seen})


def by_sheet(client: Client, photo: Photo) -> Callable[[], object]:
    seen = hidden(client, reverse("contact-sheet"), "answers")
    fields = {"outcome": "confirmed", "photo": [photo.pk], "answers": seen}
    return lambda: client.post(reverse("decide-many"), fields)


@pytest.mark.parametrize("page", [by_photo_page, by_queue, by_mark, by_sheet])
def test_an_answer_that_came_after_the_page_is_not_what_was_decided_on(
    client: Client, page: Callable[[Client, Photo], Callable[[], object]]
) -> None:
    photo = make_classified()
    seen, press = photo.prediction, page(client, photo)
    assert rescored(photo) != seen
    press()
    assert Decision.objects.get().prediction == seen


def test_without_an_answer_of_this_photo_the_one_that_stands_is_taken(client: Client) -> None:
    other, photo = make_classified(), make_classified()
    for answer in ("", other.prediction_id):
        fields = {"outcome": "confirmed", "answer": answer, "seen": photo.decision_id or ""}
        client.post(reverse("decide", args=[photo.pk]), fields)
        photo.refresh_from_db()
        assert photo.decision
        assert photo.decision.prediction == photo.prediction
