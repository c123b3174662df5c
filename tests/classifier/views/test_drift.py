"""The page of a version's drift and health."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import Inspection, PhotoSet, Prediction
from tests.factories import (
    active_version,
    make_classified,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_sets(client: Client) -> list[PhotoSet]:
    admin = make_user("admin", "reviewer")
    client.force_login(admin)
    photo_sets = [make_photo_set(), make_photo_set()]
    Inspection.objects.filter(pk=photo_sets[0].inspection_id).update(date=date(2026, 5, 3))
    for photo_set in photo_sets:
        make_reviewed(photo_set, "confirmed", by=admin)
    return photo_sets


def page(client: Client, query: str = "") -> str:
    return client.get(reverse("drift", args=[active_version().pk]) + query).content.decode()


def test_it_shows_months_structures_and_reliability(
    client: Client, photo_sets: list[PhotoSet]
) -> None:
    seen = page(client)
    for photo_set in photo_sets:
        assert photo_set.inspection.structure.name in seen
    assert "May 2026" in seen
    assert "Nothing moved beyond the limits" in seen
    assert seen.count("<polyline") == 4
    assert "Confirmed cracks by score" in seen


def test_a_move_is_told(client: Client, photo_sets: list[PhotoSet]) -> None:
    for photo_set in photo_sets:
        for _ in range(29):
            make_classified(photo_set)
    Prediction.objects.filter(photo__photo_set=photo_sets[0]).update(verdict="clear", score=0.1)
    assert "100 % of 30 photos are flagged; 0 % in the months before" in page(client)


def test_one_structure_may_be_chosen(client: Client, photo_sets: list[PhotoSet]) -> None:
    structure = photo_sets[0].inspection.structure
    seen = page(client, f"?structure={structure.pk}")
    assert f"Month by month: {structure.name}" in seen
    assert "Structure by structure" not in seen


def test_a_structure_that_is_none_shows_all(client: Client, photo_sets: list[PhotoSet]) -> None:
    assert "Structure by structure" in page(client, "?structure=999")


def test_a_version_that_judged_nothing_says_so(client: Client) -> None:
    client.force_login(make_user("admin"))
    assert "Nothing to look at yet" in page(client)


def test_the_models_page_leads_there(client: Client, photo_sets: list[PhotoSet]) -> None:
    address = reverse("drift", args=[active_version().pk])
    assert address in client.get(reverse("models")).content.decode()
