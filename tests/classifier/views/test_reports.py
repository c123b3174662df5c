import pytest
from django.test import Client
from django.urls import reverse

from classifier.models import PhotoSet
from tests.classifier.views.conftest import ClientFor
from tests.factories import CRACK, make_classified, make_photo_set

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


@pytest.mark.parametrize("kind", ["csv", "json", "coco", "geojson"])
def test_an_export_is_a_file_named_for_its_inspection(
    client_for: ClientFor, photo_set: PhotoSet, kind: str
) -> None:
    client: Client = client_for("viewer")
    make_classified(photo_set, CRACK)
    answer = client.get(reverse("export", args=[photo_set.inspection_id, kind]))
    assert answer.status_code == 200
    assert f"{photo_set.inspection.date}" in answer["Content-Disposition"]
