import pytest
from django.test import Client
from django.urls import reverse

from classifier import printing
from classifier.models import PhotoSet, Report
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


# --- the printed report ---
@pytest.fixture
def reviewer(client_for: ClientFor) -> Client:
    return client_for("reviewer")


def test_a_report_is_asked_for_rung_for_and_downloaded(
    pango: None, reviewer: Client, photo_set: PhotoSet, rung: list[int]
) -> None:
    address = reverse("report-new", args=[photo_set.inspection_id])
    answer = reviewer.post(address, {"paper": "letter"}, follow=True)
    report = Report.objects.get()
    assert "The report waits for the worker." in answer.content.decode()
    assert (report.paper, rung) == ("letter", [report.pk])
    printing.write(report.pk, claimant="test")
    assert (
        "The report is ready."
        in reviewer.get(reverse("report-progress", args=[report.pk])).content.decode()
    )
    file = reviewer.get(reverse("report-pdf", args=[report.pk]))
    assert b"".join(file).startswith(b"%PDF-")
    assert file["Content-Type"] == "application/pdf"


def test_a_report_that_is_not_written_yet_has_no_file(
    reviewer: Client, photo_set: PhotoSet
) -> None:
    reviewer.post(reverse("report-new", args=[photo_set.inspection_id]), {"paper": "?"})
    report = Report.objects.get()
    assert report.paper == "A4"
    assert reviewer.get(reverse("report-pdf", args=[report.pk])).status_code == 404
