"""No page asks the database more often because there is more to show."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from classifier.models import Photo
from tests.speed import crowd
from tests.speed.addresses import addresses
from tests.speed.pages import MOST_QUERIES

pytestmark = pytest.mark.django_db


def test_every_page_asks_at_most_fifteen_times(
    client: Client, media: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    media.mkdir(exist_ok=True)
    client.force_login(
        crowd.fill(2_000, structures=10), backend="django.contrib.auth.backends.ModelBackend"
    )
    for name, path in addresses().items():
        with django_assert_max_num_queries(MOST_QUERIES, info=name):
            assert client.get(path).status_code == 200


def test_the_crowd_is_as_it_says() -> None:
    crowd.fill(1_000, structures=5)
    photos = Photo.objects
    first = photos.order_by("pk")[0].structure
    assert photos.for_structure(first).count() == 100
    assert photos.needing_a_look().count() == pytest.approx(200, abs=50)
    assert photos.reviewed().count() == pytest.approx(0.6 * photos.needing_a_look().count(), abs=40)
