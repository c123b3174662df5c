import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from classifier import printing
from classifier.models import AuditEvent, Report, ShareLink
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_photo_set, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


@pytest.fixture
def report() -> Report:
    inspection = make_photo_set().inspection
    report = printing.request_report(inspection, "A4", by=make_user("reviewer"))
    file = printing.file_of(report)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"%PDF-1.7")
    Report.objects.update(state="ready")
    return report


def make_link(client: Client, report: Report, days: str = "7") -> str:
    """Share by the form and return the path that the page shows."""
    page = client.post(reverse("share", args=[report.pk]), {"days": days}, follow=True)
    found = re.search(
        r'readonly value="http://testserver(/shared/[\w-]{43}/)"', page.content.decode()
    )
    return found[1] if found else ""


def test_a_stranger_reads_the_report_and_is_logged(client: Client, report: Report) -> None:
    answer = Client().get(make_link(client, report))
    assert b"".join(answer) == b"%PDF-1.7"
    assert answer["Referrer-Policy"] == "no-referrer"
    event = AuditEvent.objects.filter(action="shared report opened").get()
    assert event.detail == {"address": "127.0.0.1"}


def test_the_link_is_shown_once_and_kept_as_a_digest(client: Client, report: Report) -> None:
    token = make_link(client, report).split("/")[2]
    page = client.get(reverse("report", args=[report.pk])).content.decode()
    assert token not in page
    assert ShareLink.objects.get().token_sha256 != token


def test_a_revoked_link_looks_like_one_that_never_was(client: Client, report: Report) -> None:
    path = make_link(client, report)
    client.post(reverse("share-revoke", args=[ShareLink.objects.get().pk]))
    shut, never = Client().get(path), Client().get(f"/shared/{'x' * 43}/")
    assert (shut.status_code, never.status_code) == (404, 404)
    assert shut.content == never.content


def test_a_link_runs_out(client: Client, report: Report) -> None:
    path = make_link(client, report)
    ShareLink.objects.update(expires_at=timezone.now())
    assert Client().get(path).status_code == 404
    assert "ran out" in client.get(reverse("report", args=[report.pk])).content.decode()


def test_a_link_changes_nothing(client: Client, report: Report) -> None:
    assert Client().post(make_link(client, report)).status_code == 405


@pytest.mark.parametrize("days", ["0", "3650", "x"])
def test_a_link_for_ever_is_not_made(client: Client, report: Report, days: str) -> None:
    assert make_link(client, report, days) == ""
    assert not ShareLink.objects.exists()


def test_a_report_that_is_not_written_is_not_shared(client: Client, report: Report) -> None:
    Report.objects.update(state="writing")
    assert make_link(client, report) == ""
