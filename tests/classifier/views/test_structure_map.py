"""The list beside the map, which is the map without JavaScript."""

import pytest

from classifier.models import Structure
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_classified, make_photo_set, make_structure

pytestmark = pytest.mark.django_db


def test_the_list_says_where_a_structure_is_and_what_it_needs(client_for: ClientFor) -> None:
    photo_set = make_photo_set(make_structure("Mill bridge"))
    make_classified(photo_set)
    make_structure("Nowhere")
    Structure.objects.filter(name="Mill bridge").update(latitude=47.25, longitude=8.5)
    page = client_for("viewer").get("/structures/map/").content.decode()
    assert 'data-place="47.25,8.5"' in page
    assert "Mill bridge" in page
    assert "1 to review" in page
    assert "Nowhere" not in page


def test_without_any_place_the_page_says_what_to_do(client_for: ClientFor) -> None:
    assert b"No structure has a place yet" in client_for("viewer").get("/structures/map/").content
