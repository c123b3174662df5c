"""The audit log and the state of the site, for admins."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from classifier import health, photo_files, signing
from classifier.models import AuditEvent, Photo, Pulse
from classifier.states import PhotoState
from tests.classifier.views.conftest import ClientFor
from tests.factories import (
    active_version,
    make_classified,
    make_photo,
    make_structure,
    make_user,
)

pytestmark = pytest.mark.django_db


def exported(client_for: ClientFor, query: str = "") -> list[list[str]]:
    answer = client_for("admin").get(reverse("audit-export") + query)
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    return list(csv.reader(io.StringIO(content)))


def test_the_log_shows_who_did_what_newest_first(client_for: ClientFor) -> None:
    make_structure("Arch")
    make_structure("Beam")
    page = client_for("admin").get(reverse("audit")).content.decode()
    assert 0 < page.index("Beam") < page.index("Arch")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?words=arch", 1),
        ("?action=structure registered", 2),
        ("?words=nobody", 0),
        ("?since=2099-01-01", 0),
        ("?until=2099-01-01&words=beam", 1),
    ],
)
def test_the_log_is_narrowed(client_for: ClientFor, query: str, count: int) -> None:
    make_structure("Arch")
    make_structure("Beam")
    rows = [row for row in exported(client_for, query) if "structure registered" in row]
    assert len(rows) == count


def test_a_filter_that_is_wrong_shows_everything(client_for: ClientFor) -> None:
    make_structure("Arch")
    rows = exported(client_for, "?since=yesterday")
    assert [row[3] for row in rows if "structure registered" in row] == ["Arch"]


def test_an_export_holds_names_that_look_like_formulas_as_text(client_for: ClientFor) -> None:
    make_structure("=HYPERLINK('evil')")
    assert any(cell.startswith("'=HYPERLINK") for row in exported(client_for) for cell in row)


def test_an_export_says_how_it_is_written(client_for: ClientFor) -> None:
    answer = client_for("admin").get(reverse("audit-export"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="hairline-audit.csv"'


def test_an_empty_cell_of_an_export_stays_empty(client_for: ClientFor) -> None:
    make_structure("Arch")
    assert not any(cell == "'" for row in exported(client_for) for cell in row)


def test_the_system_page_tells_how_the_site_is_doing(client_for: ClientFor) -> None:
    active_version()
    make_photo()
    failed = make_photo(name="broken.jpg")
    Photo.objects.by_id(failed.pk).update(state=PhotoState.QUARANTINED, reason="It died thrice.")
    client = client_for("admin")
    page = client.get(reverse("system")).content.decode()
    for wanted in ("stands still", "broken.jpg", "It died thrice.", "Try again", "never"):
        assert wanted in page
    Pulse.objects.beat(health.SWEEP, messages=7)
    assert "Photos are taken in and get on." in client.get(reverse("system")).content.decode()


def test_all_photos_that_failed_are_tried_again_but_for_signed_ones(client_for: ClientFor) -> None:
    signed, *others = [make_photo() for _ in range(3)]
    Photo.objects.update(state=PhotoState.QUARANTINED, reason="It died thrice.", attempts=3)
    signing.sign(signed.photo_set.inspection, name="A. Engineer", by=make_user("reviewer"))
    client = client_for("admin")
    assert "Try all again" in client.get(reverse("system")).content.decode()
    answer = client.post(reverse("retry-failed"), {"next": reverse("system")}, follow=True)
    page = answer.content.decode()
    assert "2 photos will be classified again." in page
    assert "1 photo stays as it is: its inspection is signed off." in page
    for photo in others:
        photo.refresh_from_db()
        assert (photo.state, photo.attempts, photo.reason) == (PhotoState.WAITING, 0, "")
    assert Photo.objects.failed().get() == signed
    assert AuditEvent.objects.get(action="classification asked again").detail == {"photos": 2}


def test_the_system_page_names_workers_and_queues_that_nobody_serves(client_for: ClientFor) -> None:
    workers = {"classify@host": {"queues": ["classify"], "version": "0.0.1"}}
    Pulse.objects.beat(health.CENSUS, queues={"classify": 3, "train": 4}, workers=workers)
    Pulse.objects.beat(health.BACKUP, photos=12, bytes=5_000_000, missing=0)
    client = client_for("admin")
    page = client.get(reverse("system")).content.decode()
    for wanted in ("classify 3, train 4", "classify@host", "restart the worker", "12 photos"):
        assert wanted in page
    assert "Without a worker: train" in page
    assert "as of" not in page
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=10))
    assert "as of" in client.get(reverse("system")).content.decode()


def test_a_night_s_verification_is_kept_and_shown(client_for: ClientFor) -> None:
    photo = make_classified()
    assert health.verify_all(timezone.now()) == 0
    page = client_for("admin").get(reverse("system")).content.decode()
    assert "nothing broken in 1 photos" in page
    photo_files.original(photo).unlink()
    assert health.verify_all(timezone.now() + timedelta(seconds=1)) == 1
    page = client_for("admin").get(reverse("system")).content.decode()
    assert "1 broken" in page
    assert "is missing" in page


def test_looking_at_the_log_changes_nothing_in_it(client_for: ClientFor) -> None:
    client = client_for("admin")
    before = AuditEvent.objects.count()
    client.get(reverse("audit"))
    assert AuditEvent.objects.count() == before
