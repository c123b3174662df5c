import re

import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import PhotoSet, SignOff
from tests.classifier.views.conftest import ClientFor
from tests.factories import (
    CRACK,
    SOUND,
    add_region,
    make_classified,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db

OF_A_DECISION = ('value="confirmed"', 'name="x1"', 'name="region"')


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def post(client: Client, route: str, photo_set: PhotoSet, **fields: str) -> str:
    address = reverse(route, args=[photo_set.inspection_id])
    return str(client.post(address, fields, follow=True).content.decode())


def test_signing_and_opening_are_told_on_the_page(client: Client, photo_set: PhotoSet) -> None:
    page = post(client, "sign-off", photo_set, name="A. Engineer, PE")
    assert "Signed off, revision 1" in page
    assert "A. Engineer, PE" in page
    page = post(client, "reopen", photo_set, reason="a photo was added")
    assert "a photo was added" in page
    assert "Sign off" in page


def test_a_signature_without_a_name_is_refused(client: Client, photo_set: PhotoSet) -> None:
    assert "Sign with your name." in post(client, "sign-off", photo_set, name=" ")
    assert not SignOff.objects.exists()


def test_a_double_press_signs_once(client: Client, photo_set: PhotoSet) -> None:
    post(client, "sign-off", photo_set, name="A")
    assert "signed off already" in post(client, "sign-off", photo_set, name="A")
    assert SignOff.objects.count() == 1


def test_unreviewed_photos_are_counted_in_the_refusal(client: Client, photo_set: PhotoSet) -> None:
    make_classified(photo_set, CRACK)
    page = post(client, "sign-off", photo_set, name="A")
    assert "Review first: 1 photos of this visit have no decision." in page
    assert "1 photo has to be decided on first." in page
    assert re.search(r'type="submit" disabled>[^S]*<[^S]*Sign off', page)


def test_signing_is_open_once_nothing_waits(client: Client, photo_set: PhotoSet) -> None:
    make_classified(photo_set, SOUND)
    page = client.get(reverse("inspection", args=[photo_set.inspection_id])).content.decode()
    assert "disabled" not in page
    assert "decided on first" not in page


def test_a_signed_photo_offers_no_decision_but_its_inspection(
    client: Client, photo_set: PhotoSet
) -> None:
    photo = make_reviewed(photo_set, "confirmed", by=make_user("reviewer"))
    add_region(photo)
    address = reverse("photo", args=[photo.pk])
    for form in OF_A_DECISION:
        assert form in client.get(address).content.decode()
    post(client, "sign-off", photo_set, name="A")
    page = client.get(address).content.decode()
    assert "Signed off, revision 1: decisions are frozen." in page
    assert not [form for form in OF_A_DECISION if form in page]


def test_who_adds_photos_to_a_signed_visit_is_told(
    client: Client, client_for: ClientFor, photo_set: PhotoSet
) -> None:
    post(client, "sign-off", photo_set, name="A")
    address = reverse("upload", args=[photo_set.inspection_id])
    page = client_for("inspector").get(address).content.decode()
    assert "Signed off, revision 1: decisions are frozen" in page


def test_a_decision_on_a_signed_photo_says_why_it_is_refused(
    client: Client, photo_set: PhotoSet
) -> None:
    photo = make_classified(photo_set, SOUND)
    post(client, "sign-off", photo_set, name="A")
    fields = {"outcome": "confirmed", "seen": ""}
    answer = client.post(reverse("decide", args=[photo.pk]), fields)
    assert answer.status_code == 409
    assert "This inspection is signed off" in answer.content.decode()


def test_a_signed_photo_is_not_classified_again(
    client: Client, client_for: ClientFor, photo_set: PhotoSet
) -> None:
    photo = make_classified(photo_set, SOUND)
    post(client, "sign-off", photo_set, name="A")
    answer = client_for("inspector").post(reverse("retry", args=[photo.pk]))
    assert answer.status_code == 409
    assert "This inspection is signed off" in answer.content.decode()
    photo.refresh_from_db()
    assert photo.state == "classified"


def test_who_may_not_decide_is_not_told_to(client_for: ClientFor, photo_set: PhotoSet) -> None:
    make_classified(photo_set, CRACK)
    client = client_for("viewer")
    page = client.get(reverse("inspection", args=[photo_set.inspection_id])).content.decode()
    assert "Not signed off yet; a reviewer signs." in page
    assert "What is open" in client.get(reverse("home")).content.decode()
