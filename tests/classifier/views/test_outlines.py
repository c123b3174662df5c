"""The outlines of a confirmed photo on its page."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import ClearedRegion, Photo
from tests.classifier.views.conftest import ClientFor
from tests.factories import (
    add_region,
    make_candidate,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


@pytest.fixture
def photo() -> Photo:
    photo = make_reviewed(make_photo_set(), "confirmed", by=make_user("reviewer"))
    add_region(photo)
    return photo


def page(client: Client, photo: Photo) -> str:
    return client.get(reverse("photo", args=[photo.pk])).content.decode()


def boxes(text: str) -> list[str]:
    return re.findall(r'name="region" value="(\d+)"', text)


def test_plain_forms_clear_an_outline_and_put_it_back(client: Client, photo: Photo) -> None:
    ids = boxes(page(client, photo))
    assert len(ids) == 2
    address, seen = reverse("clear-outlines", args=[photo.pk]), {"seen": photo.decision_id}
    answer = client.post(address, {"region": ids[0], **seen}, follow=True)
    text = answer.content.decode()
    assert boxes(text) == ids[1:]
    assert "Outline 1: no crack" in text
    assert 'stroke-dasharray="2 6"' in text
    restored = client.post(
        reverse("outline-restore", args=[ClearedRegion.objects.get().pk]), seen, follow=True
    )
    assert boxes(restored.content.decode()) == ids


def test_choosing_none_is_told(client: Client, photo: Photo) -> None:
    address = reverse("clear-outlines", args=[photo.pk])
    answer = client.post(address, {"seen": photo.decision_id, "region": "x"}, follow=True)
    assert "Choose at least one outline." in answer.content.decode()


def test_a_page_that_saw_another_decision_is_a_conflict(client: Client, photo: Photo) -> None:
    ids = boxes(page(client, photo))
    address = reverse("clear-outlines", args=[photo.pk])
    client.post(address, {"seen": photo.decision_id, "region": ids[0]})
    cleared = ClearedRegion.objects.get()
    seen = {"seen": (photo.decision_id or 0) + 1}
    assert client.post(address, {"region": ids, **seen}).status_code == 409
    for fields in (seen, {}):
        answer = client.post(reverse("outline-restore", args=[cleared.pk]), fields)
        assert answer.status_code == 409
    assert ClearedRegion.objects.count() == 1


def test_who_may_not_decide_sees_the_outlines_and_no_form(
    client_for: ClientFor, photo: Photo
) -> None:
    text = page(client_for("viewer"), photo)
    assert "Outline 2" in text
    assert boxes(text) == []


def test_a_photo_that_is_not_confirmed_on_what_it_shows_offers_nothing(
    client: Client, photo: Photo
) -> None:
    dismissed = make_reviewed(make_photo_set(), "dismissed", by=make_user("reviewer"))
    assert boxes(page(client, dismissed)) == []
    answer = photo.prediction
    assert answer
    answer.pk, answer.model_version = None, make_candidate()
    answer.save()
    Photo.objects.by_id(photo.pk).update(prediction=answer)
    add_region(photo)
    assert boxes(page(client, photo)) == []
