from datetime import UTC, datetime

import pytest
from django.urls import reverse

from classifier import review
from classifier.models import Inspection, Photo, Prediction, Structure
from tests.classifier.views.conftest import ClientFor
from tests.factories import (
    CRACK,
    SOUND,
    make_classified,
    make_photo,
    make_photo_set,
    make_reviewed,
    make_structure,
    make_user,
)

pytestmark = pytest.mark.django_db

FORM = {"name": "Old bridge", "kind": "bridge", "elements": "deck\n\n pier \ndeck"}


def test_a_structure_is_registered_with_its_elements(client_for: ClientFor) -> None:
    client_for("inspector").post(reverse("structure-new"), FORM)
    structure = Structure.objects.get()
    assert [element.name for element in structure.elements.all()] == ["deck", "pier"]


def test_a_name_that_is_taken_is_refused_with_the_form(client_for: ClientFor) -> None:
    client = client_for("inspector")
    for _ in range(2):
        answer = client.post(reverse("structure-new"), FORM)
    assert answer.status_code == 200
    assert "already exists" in answer.content.decode()
    assert Structure.objects.count() == 1


@pytest.mark.parametrize(("field", "value"), [("latitude", "91"), ("longitude", "-181")])
def test_coordinates_off_the_globe_are_refused(
    client_for: ClientFor, field: str, value: str
) -> None:
    client_for("inspector").post(reverse("structure-new"), {**FORM, field: value})
    assert not Structure.objects.exists()


def test_editing_keeps_the_row(client_for: ClientFor) -> None:
    structure = make_structure()
    address = reverse("structure-edit", args=[structure.pk])
    client_for("inspector").post(address, {**FORM, "name": "Renamed"})
    assert Structure.objects.get().name == "Renamed"


def test_an_inspection_leads_on_to_the_upload(client_for: ClientFor) -> None:
    structure = make_structure()
    answer = client_for("inspector").post(
        reverse("inspection-new", args=[structure.pk]), {"title": "Spring", "date": "2026-04-01"}
    )
    inspection = Inspection.objects.get()
    assert answer["Location"] == reverse("upload", args=[inspection.pk])


def test_the_register_is_searched_by_name_and_place(client_for: ClientFor) -> None:
    make_structure("Mill Lane bridge")
    make_structure("Harbour wall")
    page = client_for("viewer").get(reverse("structures"), {"q": "mill"}).content.decode()
    assert "Mill Lane bridge" in page
    assert "Harbour wall" not in page


def listed(client_for: ClientFor, **query: str) -> list[str]:
    answer = client_for("viewer").get(reverse("structures"), query)
    return [row.name for row in answer.context["page"]]


def test_the_register_is_narrowed_by_type_and_put_in_order(client_for: ClientFor) -> None:
    make_structure("Visited bridge")
    make_classified(make_photo_set(make_structure("Urgent bridge")), CRACK)
    make_structure("Wall")
    Structure.objects.filter(name="Wall").update(kind="retaining_wall")
    newest = make_photo_set(Structure.objects.get(name="Visited bridge")).inspection
    Inspection.objects.filter(pk=newest.pk).update(date="2099-01-01")
    assert listed(client_for) == ["Urgent bridge", "Visited bridge", "Wall"]
    assert listed(client_for, kind="retaining_wall") == ["Wall"]
    assert listed(client_for, order="unreviewed")[0] == "Urgent bridge"
    assert listed(client_for, order="visited") == ["Visited bridge", "Urgent bridge", "Wall"]


def test_a_structure_shows_flagged_photos_before_clear_ones(client_for: ClientFor) -> None:
    photo_set = make_photo_set()
    clear, flagged = make_classified(photo_set, SOUND), make_classified(photo_set, CRACK)
    answer = client_for("viewer").get(
        reverse("structure", args=[photo_set.inspection.structure_id])
    )
    assert list(answer.context["page"]) == [flagged, clear]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"verdict": "flagged"}, ["flagged", "decided"]),
        ({"verdict": "clear"}, ["clear"]),
        ({"verdict": "look", "review": "unreviewed"}, ["flagged"]),
        ({"review": "confirmed"}, ["decided"]),
        ({"least": "0.5"}, ["flagged", "decided"]),
    ],
)
def test_photos_are_filtered(
    client_for: ClientFor, query: dict[str, str], shown: list[str]
) -> None:
    photo_set = make_photo_set()
    photos = {
        "flagged": make_classified(photo_set, CRACK),
        "decided": make_classified(photo_set, CRACK),
        "clear": make_classified(photo_set, SOUND),
    }
    reviewer = make_user("reviewer")
    review.decide(photos["decided"], "confirmed", by=reviewer, seen_decision_id=None)
    address = reverse("structure", args=[photo_set.inspection.structure_id])
    answer = client_for("viewer").get(address, query)
    assert set(answer.context["page"]) == {photos[name] for name in shown}


@pytest.mark.parametrize(("order", "names"), [("taken", "cab"), ("name", "abc"), ("", "bac")])
def test_photos_are_listed_in_the_order_asked_for(
    client_for: ClientFor, order: str, names: str
) -> None:
    photo_set = make_photo_set()
    for hour, (name, colour) in enumerate((("c", SOUND), ("a", CRACK), ("b", CRACK)), 1):
        photo = make_classified(photo_set, colour)
        at = datetime(2026, 5, 1, hour, tzinfo=UTC)
        Photo.objects.filter(pk=photo.pk).update(name=name, taken_at=at)
    Prediction.objects.filter(photo__name="b").update(score=0.999)
    address = reverse("structure", args=[photo_set.inspection.structure_id])
    answer = client_for("viewer").get(address, {"order": order})
    assert "".join(photo.name for photo in answer.context["page"]) == names


def test_an_unknown_filter_is_named_and_filters_nothing(client_for: ClientFor) -> None:
    photo = make_classified()
    address = reverse("structure", args=[photo.structure_id])
    answer = client_for("viewer").get(address, {"verdict": "'; drop table"})
    assert list(answer.context["page"]) == [photo]
    assert answer.context["filter_form"].errors


def test_home_counts_what_waits_and_what_is_flagged(client_for: ClientFor) -> None:
    photo_set = make_photo_set()
    make_classified(photo_set, CRACK)
    make_photo(photo_set)
    answer = client_for("reviewer").get(reverse("home"))
    row = answer.context["structures"][0]
    counts = (row.photo_count, row.waiting_count, row.flagged_count, row.unreviewed_count)
    assert counts == (2, 1, 1, 1)
    assert answer.context["to_review"] == 1


def test_home_puts_first_where_most_photos_want_somebody(client_for: ClientFor) -> None:
    for name, open_photos in {"quiet": 0, "one open": 1, "done": 0, "two open": 2}.items():
        photo_set = make_photo_set(make_structure(name))
        for _ in range(open_photos):
            make_classified(photo_set, CRACK)
        if name == "done":
            for _ in range(3):
                make_reviewed(photo_set, "confirmed", by=make_user("reviewer"))
    make_photo(make_photo_set(make_structure("waiting")))
    shown = client_for("reviewer").get(reverse("home")).context["structures"]
    assert {row.name: row.photo_count for row in shown} == {
        "two open": 2,
        "one open": 1,
        "waiting": 1,
        "done": 3,
        "quiet": 0,
    }
    assert [row.name for row in shown[:3]] == ["two open", "one open", "waiting"]


def test_a_structure_that_is_deleted_while_a_list_is_made_is_left_out_of_it() -> None:
    kept, gone = make_structure("kept"), make_structure("gone")
    keys = [gone.pk, kept.pk]
    gone.delete()
    assert Structure.objects.counted(keys) == [kept]


def test_a_search_leaves_out_what_no_database_looks_for(client_for: ClientFor) -> None:
    make_structure("Elm Street viaduct")
    answer = client_for("viewer").get(reverse("structures"), {"q": "Elm\0 Street"})
    assert "Elm Street viaduct" in answer.content.decode()
