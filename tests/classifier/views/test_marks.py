import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import Decision, Mark, Photo
from tests.classifier.views.conftest import ClientFor
from tests.factories import SOUND, make_classified, make_photo_set, make_reviewed, make_user

pytestmark = pytest.mark.django_db
FIELDS = {"kind": "missed", "shape": "box", "x1": 10, "y1": 20, "x2": 60, "y2": 80.5, "seen": ""}


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


@pytest.fixture
def photo() -> Photo:
    return make_classified(colour=SOUND)


def test_a_plain_form_places_a_mark_that_the_photo_page_draws(client: Client, photo: Photo) -> None:
    answer = client.post(reverse("mark", args=[photo.pk]), FIELDS, follow=True)
    mark = Mark.objects.get()
    assert (mark.x1, mark.y2) == (0.1, 0.805)
    assert mark.points in answer.content.decode()


def test_a_mark_without_size_is_refused_with_a_sentence(client: Client, photo: Photo) -> None:
    fields = FIELDS | {"x2": 10, "y2": 20}
    answer = client.post(reverse("mark", args=[photo.pk]), fields, follow=True)
    assert "the mark needs a size" in answer.content.decode()
    assert not Mark.objects.exists()


def test_a_corner_outside_of_the_photo_is_refused(client: Client, photo: Photo) -> None:
    for wrong in ("101", "-1", "nan", "inf", "x"):
        client.post(reverse("mark", args=[photo.pk]), FIELDS | {"x1": wrong})
    assert not Mark.objects.exists()


def test_an_empty_remark_is_asked_for(client: Client, photo: Photo) -> None:
    fields = FIELDS | {"kind": "remark"}
    answer = client.post(reverse("mark", args=[photo.pk]), fields, follow=True)
    assert "Write the remark." in answer.content.decode()


def test_a_mark_over_a_decision_that_was_not_seen_is_a_conflict(client: Client) -> None:
    photo = make_reviewed(make_photo_set(), "dismissed", by=make_user("reviewer"))
    assert client.post(reverse("mark", args=[photo.pk]), FIELDS).status_code == 409
    assert not Mark.objects.exists()


def test_taking_a_mark_back_leads_to_its_photo(client: Client, photo: Photo) -> None:
    client.post(reverse("mark", args=[photo.pk]), FIELDS)
    answer = client.post(reverse("mark-withdraw", args=[Mark.objects.get().pk]))
    assert answer["Location"] == reverse("photo", args=[photo.pk])
    assert list(Decision.objects.values_list("outcome", flat=True)) == ["confirmed", "withdrawn"]
