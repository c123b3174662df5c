import datetime

import pytest
from django.test import Client
from django.urls import reverse

from classifier import intake
from classifier.models import Inspection, Photo, PhotoSet, Structure
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_classified, make_photo, make_structure

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("viewer")


def photo_of(structure: Structure, date: str, element: str = "deck") -> Photo:
    by = structure.created_by
    visit = Inspection(date=datetime.date.fromisoformat(date))
    inspection = intake.register_inspection(visit, structure=structure, by=by)
    part = structure.elements.get(name=element)
    photo_set = intake.open_photo_set(inspection, by=by)
    PhotoSet.objects.filter(pk=photo_set.pk).update(element=part)
    photo_set.refresh_from_db()
    return make_classified(photo_set)


def sides(client: Client, photo: Photo, query: str = "") -> list[Photo]:
    answer = client.get(reverse("compare-photo", args=[photo.pk]) + query)
    return [each for each, _ in answer.context["sides"]]


def test_the_same_element_of_the_last_other_visit_stands_beside_it(client: Client) -> None:
    structure = make_structure()
    old, older = photo_of(structure, "2024-05-01"), photo_of(structure, "2020-05-01")
    new = photo_of(structure, "2026-05-01")
    photo_of(structure, "2025-05-01", element="pier")
    photo_of(make_structure(), "2025-05-01")
    assert sides(client, new) == [new, old]
    assert sides(client, new, f"?with={older.pk}") == [new, older]
    answer = client.get(reverse("compare-structure", args=[structure.pk]))
    assert answer["Location"] == reverse("compare-photo", args=[new.pk])


@pytest.mark.parametrize("odd", ["x", "-1", "9" * 20, "0"])
def test_an_odd_choice_shows_the_likeliest(client: Client, odd: str) -> None:
    structure = make_structure()
    old, new = photo_of(structure, "2024-05-01"), photo_of(structure, "2026-05-01")
    assert sides(client, new, f"?with={odd}") == [new, old]


def test_without_another_visit_the_photo_page_says_so(client: Client) -> None:
    photo = photo_of(make_structure(), "2026-05-01")
    page = client.get(reverse("compare-photo", args=[photo.pk]), follow=True).content.decode()
    assert "There is no other visit with a photo of the same element." in page
    assert "Compare visits" not in page


def test_a_structure_without_photos_has_nothing_to_compare(client: Client) -> None:
    photo = make_photo()
    answer = client.get(reverse("compare-structure", args=[photo.structure_id]))
    assert answer["Location"] == reverse("structure", args=[photo.structure_id])
