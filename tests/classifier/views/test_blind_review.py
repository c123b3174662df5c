"""An audited clear photo in the queue: nothing on the page tells it from any other."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from classifier import auditing
from classifier.models import Decision, Photo
from tests.classifier.views.conftest import ClientFor
from tests.factories import CRACK, DOUBT, SOUND, make_classified, make_photo_set, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


@pytest.fixture
def photos() -> list[Photo]:
    """Return a clear photo that an audit drew, and a flagged one of the same visit."""
    photo_set = make_photo_set()
    made = [make_classified(photo_set, colour) for colour in (SOUND, CRACK)]
    auditing.draw_sample(photo_set.inspection, wished=0.05, by=make_user("reviewer"))
    return made


def page_of(client: Client, photo: Photo, query: str = "") -> str:
    return str(client.get(f"/review/?at={photo.pk}{query}").content.decode())


def unnamed(page: str, photos: list[Photo]) -> str:
    """The page without what any two photos differ in: their numbers, and the form's token."""
    ids = "|".join(str(photo.pk) for photo in photos)
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    return re.sub(rf"\b(?:{ids})\b", "N", page)


def test_a_clear_and_a_flagged_photo_look_alike(client: Client, photos: list[Photo]) -> None:
    clear, flagged = (unnamed(page_of(client, photo), photos) for photo in photos)
    assert clear == flagged
    for sign in ("overlay", 'polygon class="viewer-outline"', "Likely", "No crack seen", "0.95"):
        assert sign not in clear


def test_the_decision_says_that_it_was_made_blind(client: Client, photos: list[Photo]) -> None:
    assert 'name="blind" value="1"' in page_of(client, photos[0])
    fields = {"outcome": "confirmed", "blind": "1"}
    client.post(reverse("decide", args=[photos[0].pk]), fields)
    assert Decision.objects.get().blind


def test_the_answer_is_shown_on_request_and_then_counts_as_seen(
    client: Client, photos: list[Photo]
) -> None:
    page = page_of(client, photos[0], "&evidence=1")
    assert "No crack seen" in page
    assert 'name="blind"' not in page


def test_without_an_open_audit_the_queue_shows_the_answer(
    client: Client, photos: list[Photo]
) -> None:
    client.post(reverse("decide", args=[photos[0].pk]), {"outcome": "cant_tell", "blind": "1"})
    assert "Likely crack" in page_of(client, photos[1])


def test_a_jump_leads_to_a_place_of_the_queue(client: Client) -> None:
    photo_set = make_photo_set()
    flagged, second = make_classified(photo_set), make_classified(photo_set)
    doubt = make_classified(photo_set, DOUBT)
    for query, pk in (
        ("number=2", second.pk),
        (f"after={flagged.pk}", second.pk),
        (f"after={doubt.pk}", flagged.pk),
    ):
        answer = client.get(f"{reverse('jump')}?{query}")
        assert answer["Location"] == f"/review/?order=confidence&at={pk}"


@pytest.mark.parametrize("query", ["number=0", "number=9", "number=x", "after=1&order=odd"])
def test_a_jump_to_nowhere_says_so(client: Client, query: str) -> None:
    make_classified(colour=DOUBT)
    page = client.get(f"{reverse('jump')}?{query}", follow=True).content.decode()
    assert "Give a number from 1 to 1." in page or "No flagged photo waits." in page
