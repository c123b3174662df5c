"""Writing the PDF report of an inspection: claim, compose the pictures, lay out, keep the file."""

import logging
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from PIL import Image, ImageDraw

from classifier import auditing, location_map, photo_files, roles
from classifier.models import (
    AuditEvent,
    AuditSample,
    Inspection,
    ModelVersion,
    Photo,
    Report,
    SignOff,
    Structure,
    User,
)
from classifier.rights import written_by
from classifier.states import NEEDS_A_LOOK, Outcome, PhotoState, ReportState

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""As long as the task's hard time limit."""
PICTURE_SIDE, PICTURE_QUALITY = 800, 80
EVIDENCE_STRENGTH = 0.6
REGION_COLOUR, MARK_COLOUR = (255, 255, 255), (0, 200, 210)
NO_PANGO = (
    "The PDF library pango is missing. An admin installs it: apt-get install libpangoft2-1.0-0"
)
FAULT = "The report could not be written; the log has the reason. The photos are safe; try again."


class ClaimLost(Exception):
    """Another worker took the report over."""


@written_by(roles.REVIEW)
def request_report(inspection: Inspection, paper: str, *, by: User) -> Report:
    """Ask for a report; one that is under way already is returned instead."""
    open_twin = Report.objects.open_twin(inspection, paper)
    if open_twin:
        return open_twin
    report = Report.objects.create(inspection=inspection, paper=paper, requested_by=by)
    AuditEvent.objects.record("report requested", inspection, by=by, paper=paper)
    return report


def file_of(report: Report) -> Path:
    return Path(settings.MEDIA_ROOT) / "reports" / f"{report.key.hex}.pdf"


def write(report_id: int, *, claimant: str) -> bool:
    """Write one report if it is due; False where there was nothing to do or it failed.

    Safe to call twice, concurrently, or again after a crash at any point.
    """
    if not Report.objects.claim(report_id, claimant=claimant, lease=LEASE, now=timezone.now()):
        return False
    report = Report.objects.for_page().get(pk=report_id)
    try:
        content = _pdf(report)
    except ClaimLost:
        return False
    except Exception as error:
        logger.exception("report %s could not be written", report_id)
        missing = isinstance(error, OSError) and "pango" in str(error)
        return _end(report, ReportState.FAILED, message=NO_PANGO if missing else FAULT)
    with photo_files.received([content]) as (path, sha256):
        photo_files.keep_as(path, file_of(report))
    return _end(report, ReportState.READY, sha256=sha256)


def _end(report: Report, state: ReportState, **changes: Any) -> bool:
    moved = Report.objects.held(report).move(state, ended_at=timezone.now(), **changes)
    return bool(moved) and state == ReportState.READY


def give_up_exhausted(now: datetime) -> int:
    """Close reports whose workers died too often; return how many."""
    return Report.objects.exhausted(now).move(ReportState.FAILED, message=FAULT, ended_at=now)


def take_due(now: datetime) -> list[int]:
    return Report.objects.due(now, quiet_for=LEASE)


# --- The document ---------------------------------------------------------------------------------


def _pdf(report: Report) -> bytes:
    # Loaded here, so that the web process and a machine without pango do without it.
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    with tempfile.TemporaryDirectory() as name:
        with timezone.override(timezone.get_default_timezone()):  # whoever asked for it
            page = render_to_string("reports/report.html", _context(report, Path(name)))
        _beat(report, done=report.total)
        sheets = [
            CSS(filename=finders.find("css/report.css")),
            CSS(string=f"@page {{ size: {report.paper} }}"),
        ]
        fetcher = URLFetcher(allowed_protocols={"file"})
        document = HTML(string=page, base_url=f"{name}/", url_fetcher=fetcher)
        content = document.write_pdf(stylesheets=sheets)
        assert isinstance(content, bytes)
        return content


def _context(report: Report, folder: Path) -> dict[str, Any]:
    inspection = report.inspection
    photos = list(Photo.objects.for_report(inspection))
    shown = [photo for photo in photos if is_shown(photo)]
    report.total = len(shown)
    for number, photo in enumerate(shown):
        if number % 5 == 0:
            _beat(report, done=number)
        compose(photo, folder)
    versions = {p.prediction.model_version_id for p in photos if p.prediction}
    return {
        "report": report,
        "inspection": inspection,
        "structure": inspection.structure,
        "photos": photos,
        "shown": shown,
        "counts": counts(photos),
        "versions": ModelVersion.objects.in_bulk(versions).values(),
        "miss_rate": auditing.miss_rate(AuditSample.objects.of_inspection(inspection)),
        "signed": SignOff.objects.standing(inspection),
        "now": timezone.now(),
        "zone": timezone.get_default_timezone_name(),
        "map": _map(inspection.structure, photos),
    }


def _map(structure: Structure, photos: list[Photo]) -> location_map.LocationMap | None:
    own = _degrees(structure)
    taken = [(place, is_shown(photo)) for photo in photos if (place := _degrees(photo))]
    return location_map.draw(own, taken)


def _degrees(where: Structure | Photo) -> location_map.Degrees | None:
    if where.latitude is None or where.longitude is None:
        return None
    return where.latitude, where.longitude


def _beat(report: Report, *, done: int) -> None:
    lease = timezone.now() + LEASE
    changes = {"done": done, "total": report.total, "lease_until": lease}
    if not Report.objects.held(report).update(**changes):
        raise ClaimLost


def is_shown(photo: Photo) -> bool:
    """Whether a photo has a place of its own: a crack, or a possible one that nobody dismissed."""
    outcome = photo.decision.outcome if photo.decision else ""
    if photo.prediction is None or outcome == Outcome.DISMISSED:
        return False
    return outcome == Outcome.CONFIRMED or photo.prediction.verdict in NEEDS_A_LOOK


def counts(photos: list[Photo]) -> dict[str, int]:
    """Return how many photos have each verdict, each decision, and neither."""
    found: dict[str, int] = {}
    for photo in photos:
        read = photo.state == PhotoState.CLASSIFIED and photo.prediction is not None
        verdict = photo.prediction.verdict if read and photo.prediction else "unread"
        outcome = photo.decision.outcome if photo.decision else "unreviewed"
        if outcome == "unreviewed" and verdict == "clear":
            outcome = "not_looked_at"
        for kind in (verdict, outcome):
            found[kind] = found.get(kind, 0) + 1
    return found


def compose(photo: Photo, folder: Path) -> None:
    """Write `<id>.jpg`, the photo, and `<id>-evidence.jpg` with evidence, outlines and marks."""
    with Image.open(photo_files.working(photo)) as working:
        working.draft("RGB", (2 * PICTURE_SIDE, 2 * PICTURE_SIDE))
        picture = working.convert("RGB")
    picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    picture.save(folder / f"{photo.pk}.jpg", quality=PICTURE_QUALITY)
    assert photo.prediction
    stem = photo_files.evidence_stem(photo.prediction.model_version_id)
    with Image.open(photo_files.derived(photo) / f"{stem}-overlay.png") as overlay:
        colours = overlay.convert("RGBA").resize(picture.size, Image.Resampling.BICUBIC)
    strength = colours.getchannel("A").point([round(a * EVIDENCE_STRENGTH) for a in range(256)])
    picture.paste(colours.convert("RGB"), mask=strength)
    draw = ImageDraw.Draw(picture)
    for region in photo.regions_kept:
        _outline(draw, picture.size, region.outline, REGION_COLOUR)
    for mark in photo.standing_marks:
        _outline(draw, picture.size, mark.outline, MARK_COLOUR)
    picture.save(folder / f"{photo.pk}-evidence.jpg", quality=PICTURE_QUALITY)


def _outline(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    outline: list[list[float]],
    colour: tuple[int, int, int],
) -> None:
    wide, high = size
    points = [(x * wide, y * high) for x, y in [*outline, outline[0]]]
    for width, ink in ((5, (0, 0, 0)), (2, colour)):
        draw.line(points, fill=ink, width=width, joint="curve")
