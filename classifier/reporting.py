"""What an inspection found, for other programs: CSV, JSON, COCO and GeoJSON."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from classifier.models import Inspection, Photo

CRACK = 1
"""The one category of the COCO file."""
FORMULA = ("=", "+", "-", "@")
UNSEEN = ("\t", "\r", "\n")

Json = dict[str, Any]


def photos_of(inspection: Inspection, *, places: bool) -> list[Photo]:
    """Return the photos of an inspection; without `places` nothing says where they were taken."""
    photos = list(Photo.objects.for_report(inspection))
    if not places:
        for photo in photos:
            photo.latitude = photo.longitude = None
    return photos


def photo_facts(photo: Photo) -> Json:
    """Return what is known of one photo as plain values; None for what is not."""
    prediction, decision = photo.prediction, photo.decision
    return {
        "photo": photo.pk,
        "name": photo.name,
        "sha256": photo.sha256,
        "element": photo.photo_set.element.name if photo.photo_set.element else None,
        "taken_at": photo.taken_at.isoformat() if photo.taken_at else None,
        "latitude": photo.latitude,
        "longitude": photo.longitude,
        "width": photo.width,
        "height": photo.height,
        "mm_per_pixel": photo.photo_set.mm_per_pixel,
        "state": photo.state,
        "warnings": "; ".join(warning.word for warning in photo.warnings),
        "model_version": prediction.model_version.name if prediction else None,
        "score": round(prediction.score, 4) if prediction else None,
        "verdict": prediction.verdict if prediction else None,
        "decision": decision.outcome if decision else None,
        "cause": decision.cause if decision else None,
        "remark": decision.remark if decision else None,
        "decided_by": str(decision.by) if decision else None,
        "decided_at": decision.created_at.isoformat() if decision else None,
    }


def as_csv(photos: Sequence[Photo]) -> str:
    """Return a table of photos. No cell can be taken for a formula by a spreadsheet."""
    rows = [photo_facts(photo) for photo in photos]
    file = io.StringIO()
    writer = csv.writer(file)
    names = list(rows[0]) if rows else ["photo"]
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return file.getvalue()


def cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if isinstance(value, str) and (value.lstrip().startswith(FORMULA) or value.startswith(UNSEEN)):
        return f"'{value}"
    return value


def as_json(inspection: Inspection, photos: Sequence[Photo]) -> Json:
    """Return everything, the regions and marks included, in fractions of width and height."""
    rows = [
        photo_facts(photo)
        | {
            "regions": [
                {
                    "outline": region.outline,
                    "score": round(region.score, 4),
                    "cleared": region.is_cleared,
                }
                for region in photo.regions_seen
            ],
            "marks": [
                {"kind": mark.kind, "shape": mark.shape, "corners": mark.corners}
                for mark in photo.standing_marks
            ],
        }
        for photo in photos
    ]
    structure = inspection.structure
    return {
        "structure": {
            "name": structure.name,
            "type": structure.kind,
            "reinforcement": structure.reinforcement or None,
            "exposure": structure.exposure or None,
        },
        "inspection": {"title": inspection.title, "date": inspection.date.isoformat()},
        "photos": rows,
    }


def as_coco(inspection: Inspection, photos: Sequence[Photo]) -> Json:
    """Return regions of evidence and marked cracks as COCO annotations, in pixels.

    The model's own regions carry `source: model` and their score; what a person marked as missed
    carries `source: person`. Regions on dismissed photos, and those that a reviewer cleared, are
    left out: a person said no crack.
    """
    shapes = [(photo, shape) for photo in photos for shape in _shapes(photo)]
    return {
        "info": {"description": f"{inspection.structure}: {inspection}"},
        "categories": [{"id": CRACK, "name": "crack", "supercategory": "defect"}],
        "images": [
            {"id": p.pk, "file_name": p.name, "width": p.width, "height": p.height} for p in photos
        ],
        "annotations": [
            _annotation(number, photo, *shape) for number, (photo, shape) in enumerate(shapes, 1)
        ],
    }


def _shapes(photo: Photo) -> Iterator[tuple[list[list[float]], Json]]:
    """Give outlines in fractions of the photo, each with what is said of it."""
    if not (photo.decision and photo.decision.outcome == "dismissed"):
        for region in photo.regions_kept:
            yield region.outline, {"source": "model", "score": round(region.score, 4)}
    for mark in photo.standing_marks:
        if mark.kind == "missed":
            yield mark.outline, {"source": "person", "score": 1.0}


def _annotation(number: int, photo: Photo, outline: list[list[float]], said: Json) -> Json:
    points = [(x * photo.width, y * photo.height) for x, y in outline]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    following = [*points[1:], points[0]]
    twice = sum(x * b - a * y for (x, y), (a, b) in zip(points, following, strict=True))
    return {
        "id": number,
        "image_id": photo.pk,
        "category_id": CRACK,
        "iscrowd": 0,
        "segmentation": [[round(value, 2) for point in points for value in point]],
        "bbox": [
            round(value, 2) for value in (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        ],
        "area": round(abs(twice) / 2, 2),
        **said,
    }


def as_geojson(inspection: Inspection, photos: Sequence[Photo]) -> Json:
    """Return the photos that have a position, and the structure, as points (RFC 7946)."""
    structure = inspection.structure
    features = [_point(structure.longitude, structure.latitude, {"structure": structure.name})]
    features += [_point(photo.longitude, photo.latitude, photo_facts(photo)) for photo in photos]
    return {"type": "FeatureCollection", "features": [each for each in features if each]}


def _point(longitude: float | None, latitude: float | None, facts: Json) -> Json | None:
    if longitude is None or latitude is None:
        return None
    place = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": place, "properties": facts}


EXPORTS: Mapping[str, Callable[[Inspection, Sequence[Photo]], Json]] = {
    "json": as_json,
    "coco": as_coco,
    "geojson": as_geojson,
}
EXPORT_LABELS = (("csv", "CSV"), ("json", "JSON"), ("coco", "COCO JSON"), ("geojson", "GeoJSON"))
