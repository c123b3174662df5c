import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO

from classifier import outlines, reporting, review
from classifier.models import Photo, PhotoSet
from tests.factories import (
    CRACK,
    SOUND,
    add_region,
    make_classified,
    make_photo,
    make_photo_set,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def decide(photo: Photo, outcome: str, cause: str = "", remark: str = "") -> None:
    by = make_user("reviewer")
    review.decide(photo, outcome, by=by, seen_decision_id=None, cause=cause, remark=remark)


def photos_of(photo_set: PhotoSet) -> list[Photo]:
    return reporting.photos_of(photo_set.inspection, places=True)


def table(photo_set: PhotoSet) -> list[dict[str, str]]:
    text = reporting.as_csv(photos_of(photo_set))
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_has_a_row_for_every_photo_also_unread_ones(photo_set: PhotoSet) -> None:
    flagged = make_classified(photo_set, CRACK)
    decide(flagged, "dismissed", cause="joint")
    make_photo(photo_set)
    rows = table(photo_set)
    assert [(row["verdict"], row["decision"], row["cause"]) for row in rows] == [
        ("flagged", "dismissed", "joint"),
        ("", "", ""),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  ="])
def test_no_cell_is_a_formula(photo_set: PhotoSet, start: str) -> None:
    """S16."""
    decide(make_classified(photo_set, CRACK), "confirmed", remark=f"{start}HYPERLINK(1)")
    assert table(photo_set)[0]["remark"].startswith(f"'{start}")


def test_numbers_stay_numbers(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    Photo.objects.by_id(photo.pk).update(latitude=-33.5, longitude=-70.25)
    assert table(photo_set)[0]["latitude"] == "-33.5"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_coco_holds_regions_and_marks_in_pixels(photo_set: PhotoSet, tmp_path: Path) -> None:
    cracked, clear = make_classified(photo_set, CRACK), make_classified(photo_set, SOUND)
    place = review.Place("box", 0.25, 0.25, 0.75, 0.5)
    by = make_user("reviewer")
    review.mark(clear, place, "missed", by=by, seen_decision_id=None, remark="")
    file = tmp_path / "coco.json"
    file.write_text(json.dumps(reporting.as_coco(photo_set.inspection, photos_of(photo_set))))
    coco = COCO(str(file))
    (region,) = coco.loadAnns(coco.getAnnIds(imgIds=[cracked.pk]))
    (mark,) = coco.loadAnns(coco.getAnnIds(imgIds=[clear.pk]))
    assert region["source"] == "model"
    assert mark["bbox"] == [24, 16, 48, 16]
    assert coco.annToMask(mark).sum() == pytest.approx(48 * 16, rel=0.05)


def test_coco_leaves_out_regions_of_dismissed_photos(photo_set: PhotoSet) -> None:
    decide(make_classified(photo_set, CRACK), "dismissed", cause="stain")
    found = reporting.as_coco(photo_set.inspection, photos_of(photo_set))
    assert (len(found["images"]), found["annotations"]) == (1, [])


def test_a_cleared_outline_is_told_as_such_and_is_no_crack(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    decide(photo, "confirmed")
    region, by = add_region(photo), make_user("reviewer")
    outlines.clear(photo, [region.pk], by=by, seen_decision_id=photo.decision_id)
    (facts,) = reporting.as_json(photo_set.inspection, photos_of(photo_set))["photos"]
    cleared = {tuple(one["outline"][0]): one["cleared"] for one in facts["regions"]}
    assert cleared == {(0.0, 0.0): False, (0.5, 0.1): True}
    (annotation,) = reporting.as_coco(photo_set.inspection, photos_of(photo_set))["annotations"]
    assert annotation["bbox"][:2] == [0, 0]


def test_geojson_has_a_point_for_each_photo_with_a_position(photo_set: PhotoSet) -> None:
    placed = make_classified(photo_set, CRACK)
    make_classified(photo_set, CRACK)
    Photo.objects.by_id(placed.pk).update(latitude=47.5, longitude=8.25)
    (feature,) = reporting.as_geojson(photo_set.inspection, photos_of(photo_set))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [8.25, 47.5]}


def test_an_export_takes_the_same_queries_for_many_photos(
    photo_set: PhotoSet, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        make_classified(photo_set, CRACK)
    with django_assert_max_num_queries(5):
        reporting.as_json(photo_set.inspection, photos_of(photo_set))
