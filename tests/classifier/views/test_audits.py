import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import AuditSample, PhotoSet
from tests.classifier.views.conftest import ClientFor
from tests.factories import CRACK, SOUND, active_version, make_classified, make_photo_set

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("admin")


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def draw(client: Client, photo_set: PhotoSet, wished: str = "0.05") -> str:
    address = reverse("draw-audit", args=[photo_set.inspection_id])
    return str(client.post(address, {"wished": wished}, follow=True).content.decode())


def test_a_drawn_sample_is_told_on_the_inspection_page(client: Client, photo_set: PhotoSet) -> None:
    make_classified(photo_set, SOUND)
    page = draw(client, photo_set)
    assert "1 of 1 clear photos are drawn." in page
    assert "none of them is judged yet" in page


def test_the_miss_rate_stands_on_all_three_pages(client: Client, photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, SOUND)
    draw(client, photo_set)
    client.post(reverse("decide", args=[photo.pk]), {"outcome": "confirmed", "seen": ""})
    for name, pk in (
        ("inspection", photo_set.inspection_id),
        ("structure", photo.structure_id),
        ("model", active_version().pk),
    ):
        page = client.get(reverse(name, args=[pk])).content.decode()
        assert "100.0 %" in page, name
        assert "2.5–100.0 %" in page, name


def test_nothing_to_draw_is_said_so(client: Client, photo_set: PhotoSet) -> None:
    make_classified(photo_set, CRACK)
    assert "has called no photo of this visit clear" in draw(client, photo_set)


def test_an_unknown_wish_draws_nothing(client: Client, photo_set: PhotoSet) -> None:
    make_classified(photo_set, SOUND)
    assert "Choose how sure the audit has to be." in draw(client, photo_set, "0.5")
    assert not AuditSample.objects.exists()


def test_the_model_page_shows_false_alarms_by_cause(client: Client, photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    fields = {"outcome": "dismissed", "cause": "shadow", "seen": ""}
    client.post(reverse("decide", args=[photo.pk]), fields)
    page = client.get(reverse("model", args=[active_version().pk])).content.decode()
    assert "False alarms by cause" in page
    assert "Shadow" in page
