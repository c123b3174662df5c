from datetime import timedelta

import pytest
from django.utils import timezone
from pypdf import PdfReader

from classifier import photo_files, printing, review
from classifier.models import Photo, PhotoSet, Report
from tests.factories import CRACK, SOUND, make_classified, make_photo, make_photo_set, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pango")]


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def ask(photo_set: PhotoSet, paper: str = "A4") -> Report:
    return printing.request_report(photo_set.inspection, paper, by=make_user("reviewer"))


def decide(photo: Photo, outcome: str) -> None:
    cause = "joint" if outcome == "dismissed" else ""
    by = make_user("reviewer")
    review.decide(photo, outcome, by=by, seen_decision_id=None, cause=cause)


def test_a_report_is_written_whole_and_known_by_its_digest(photo_set: PhotoSet) -> None:
    decide(make_classified(photo_set, CRACK), "confirmed")
    make_photo(photo_set)  # not read yet
    report = ask(photo_set)
    assert printing.write(report.pk, claimant="one")
    report.refresh_from_db()
    file = printing.file_of(report)
    assert (report.state, report.done, report.total) == ("ready", 1, 1)
    assert file.read_bytes().startswith(b"%PDF-")
    assert photo_files.sha256_of(file) == report.sha256


def test_a_written_report_is_not_written_again(photo_set: PhotoSet) -> None:
    report = ask(photo_set)
    assert printing.write(report.pk, claimant="one")
    assert not printing.write(report.pk, claimant="two")


@pytest.mark.parametrize(("paper", "width"), [("A4", 595), ("letter", 612)])
def test_the_paper_is_the_one_asked_for(photo_set: PhotoSet, paper: str, width: int) -> None:
    report = ask(photo_set, paper)
    printing.write(report.pk, claimant="one")
    pages = PdfReader(printing.file_of(report)).pages
    assert {round(page.mediabox.width) for page in pages} == {width}


def test_a_second_press_gets_the_report_under_way(photo_set: PhotoSet) -> None:
    assert ask(photo_set) == ask(photo_set)
    assert ask(photo_set, "letter") != ask(photo_set)


def test_cracks_and_possible_ones_are_shown_and_dismissed_ones_are_not(photo_set: PhotoSet) -> None:
    open_one, dismissed = make_classified(photo_set, CRACK), make_classified(photo_set, CRACK)
    missed, clear = make_classified(photo_set, SOUND), make_classified(photo_set, SOUND)
    decide(dismissed, "dismissed")
    decide(missed, "confirmed")
    shown = filter(printing.is_shown, Photo.objects.for_report(photo_set.inspection))
    assert [photo.pk for photo in shown] == [open_one.pk, missed.pk]
    assert printing.counts(list(Photo.objects.for_report(photo_set.inspection))) == {
        "flagged": 2,
        "clear": 2,
        "confirmed": 1,
        "dismissed": 1,
        "unreviewed": 1,
        "not_looked_at": 1,
    }
    assert clear.decision is None


def text_of(report: Report) -> str:
    printing.write(report.pk, claimant="one")
    pages = PdfReader(printing.file_of(report)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_the_report_says_what_it_has_to(photo_set: PhotoSet) -> None:
    photo = make_classified(photo_set, CRACK)
    decide(photo, "confirmed")
    text = text_of(ask(photo_set))
    for part in (
        photo_set.inspection.structure.name,
        "supplements the inspector and does not replace",
        "Flagged · 0.95",
        "Confirmed",
        "clear below 0.30, flagged from 0.70",
        "This report cannot say how many cracks were missed",
        "No width is measured",
        "Signature",
        photo.sha256,
    ):
        assert part in text, part


def test_places_are_drawn_where_there_are_any(photo_set: PhotoSet) -> None:
    make_classified(photo_set, CRACK)
    assert "Drawn to scale" not in text_of(ask(photo_set))
    Photo.objects.update(latitude=47.1, longitude=8.2)
    text = text_of(ask(photo_set))
    assert "Drawn to scale" in text
    assert "10 m" in text


def test_markup_in_a_name_stays_text(photo_set: PhotoSet) -> None:
    structure = photo_set.inspection.structure
    structure.name = '<img src="file:///secret.png">'
    structure.save()
    assert structure.name in text_of(ask(photo_set))


# --- the row is the queue ---
def test_a_dead_writers_report_is_rung_for_and_taken_over(photo_set: PhotoSet) -> None:
    report = ask(photo_set)
    now = timezone.now()
    assert printing.take_due(now) == [report.pk]
    assert printing.take_due(now) == []
    Report.objects.claim(report.pk, claimant="dead", lease=printing.LEASE, now=now)
    assert not printing.write(report.pk, claimant="other")
    later = now + 3 * printing.LEASE
    assert printing.take_due(later) == [report.pk]
    Report.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert printing.write(report.pk, claimant="other")


def test_a_writer_that_lost_its_claim_leaves_the_report_alone(
    photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_classified(photo_set, CRACK)
    report = ask(photo_set)

    def stolen(*_: object) -> None:
        Report.objects.update(claimed_by="other", attempts=2)

    monkeypatch.setattr("classifier.printing.compose", stolen)
    assert not printing.write(report.pk, claimant="one")
    report.refresh_from_db()
    assert (report.state, report.claimed_by) == ("writing", "other")


def test_a_report_that_keeps_killing_its_writer_is_given_up(photo_set: PhotoSet) -> None:
    report = ask(photo_set)
    now = timezone.now()
    for _ in range(3):
        Report.objects.claim(report.pk, claimant="dies", lease=printing.LEASE, now=now)
    assert printing.give_up_exhausted(now + 2 * printing.LEASE) == 1
    report.refresh_from_db()
    assert (report.state, report.message) == ("failed", printing.FAULT)


def test_a_missing_library_is_named(photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_report: Report) -> bytes:
        raise OSError("cannot load library 'libpangoft2-1.0-0'")

    monkeypatch.setattr("classifier.printing._pdf", absent)
    report = ask(photo_set)
    printing.write(report.pk, claimant="one")
    report.refresh_from_db()
    assert "apt-get install" in report.message


def test_a_report_is_in_the_zone_of_the_site_and_says_so(photo_set: PhotoSet) -> None:
    report = ask(photo_set)
    with timezone.override("Asia/Tokyo"):  # that of whoever asked
        printing.write(report.pk, claimant="one")
    text = PdfReader(printing.file_of(report)).pages[0].extract_text()
    assert "UTC, the site’s zone" in text
    assert "JST" not in text
