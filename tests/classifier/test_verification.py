"""Whatever is broken on purpose is found, and named; a sound site has no findings."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from classifier import photo_files, review, verification
from classifier.models import Photo, Prediction
from tests.factories import (
    active_version,
    make_classified,
    make_photo,
    make_photo_set,
    make_structure,
    make_user,
)

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


def findings(*, later: timedelta = timedelta()) -> list[str]:
    found = verification.verify(now=timezone.now() + later)
    return [f"{finding.invariant} {finding.sentence}" for finding in found]


@contextmanager
def without_constraints() -> Iterator[None]:
    """Let a test write what the database itself would refuse, and take it back at the end."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # the test's transaction takes it back
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            checks = (check.name for check in Photo._meta.constraints if "with" in check.name)
            for name in checks:
                cursor.execute(f"ALTER TABLE classifier_photo DROP CONSTRAINT {name}")
            yield
            return
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        yield
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.fixture
def photo() -> Photo:
    return make_classified()


def original(photo: Photo) -> Path:
    return photo_files.original(photo)


def test_a_site_in_order_has_no_findings(photo: Photo) -> None:
    reviewer = make_user("reviewer")
    first = review.decide(photo, "confirmed", by=reviewer, seen_decision_id=None)
    second = review.decide(photo, "cant_tell", by=reviewer, seen_decision_id=first.pk)
    review.undo(photo, by=reviewer, seen_decision_id=second.pk)
    make_photo()
    assert findings() == []


# --- I1: the stored bytes ---
def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(Path.unlink, "is missing"), (cut, "instead of the"), (flip, "its SHA-256 differs")],
)
def test_a_damaged_original_is_named(
    photo: Photo, damage: Callable[[Path], None], said: str
) -> None:
    damage(original(photo))
    (finding,) = findings()
    assert finding.startswith(f"I1 Photo {photo.pk} (deck.jpg): its file originals/")
    assert said in finding


def test_photos_beyond_the_first_chunk_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "CHUNK", 2)
    photo_set = make_photo_set()
    photos = [make_classified(photo_set) for _ in range(5)]
    original(photos[-1]).unlink()
    assert len(findings()) == 1


# --- I2: stuck photos ---
def test_a_photo_whose_worker_died_is_stuck_only_after_a_while() -> None:
    active_version()
    photo = make_photo()
    Photo.objects.claim(
        photo.pk, claimant="worker-7", lease=timedelta(seconds=60), now=timezone.now()
    )
    assert findings(later=timedelta(seconds=140)) == []
    assert findings(later=timedelta(seconds=160)) == [
        f"I2 Photo {photo.pk} (deck.jpg) is stuck: its worker worker-7 is gone."
    ]


def test_a_photo_that_waits_while_nothing_gets_ready_is_stuck() -> None:
    active_version()
    photo = make_photo()
    (finding,) = findings(later=timedelta(minutes=10))
    assert finding == f"I2 Photo {photo.pk} (deck.jpg) is stuck: it waits, and no photo gets ready."


def test_a_photo_may_wait_long_while_others_get_ready() -> None:
    ready = make_classified()
    make_photo()
    later = timedelta(minutes=10)
    Photo.objects.filter(pk=ready.pk).update(ended_at=timezone.now() + later)
    assert findings(later=later) == []


def test_a_photo_that_nobody_may_claim_any_more_is_stuck() -> None:
    active_version()
    photo = make_photo()
    Photo.objects.filter(pk=photo.pk).update(attempts=3)
    (finding,) = findings()
    assert "its attempts are used up" in finding


# --- I3: one answer ---
def test_a_classified_photo_without_prediction_row_is_named(photo: Photo) -> None:
    with without_constraints():
        Photo.objects.filter(pk=photo.pk).update(prediction=None)
        assert findings() == [
            f"I3 Photo {photo.pk} (deck.jpg) is classified but has no prediction row."
        ]


def test_the_prediction_of_another_photo_is_named(photo: Photo) -> None:
    other = make_classified(photo.photo_set)
    Photo.objects.filter(pk=photo.pk).update(prediction=other.prediction)
    (finding,) = findings()
    assert f"shows the prediction of photo {other.pk}" in finding


def test_a_prediction_by_other_weights_is_named(photo: Photo) -> None:
    Prediction.objects.update(weights_sha256="0" * 64)
    (finding,) = findings()
    assert finding.startswith("I3 Photo")
    assert "other weights" in finding


# --- I5: phantoms ---
@pytest.mark.parametrize(
    "name", ["originals/ab/{key}.jpg", "originals/ab/photo.jpg", "derived/ab/{key}", "incoming/up"]
)
def test_a_file_without_a_row_is_named_once_it_is_a_day_old(
    photo: Photo, media: Path, name: str
) -> None:
    relative = name.format(key=uuid.uuid4().hex)
    path = media / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left over")
    assert findings() == []
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - DAY - 60))
    (finding,) = findings()
    assert finding.startswith("I5")
    assert relative in finding


def test_a_second_original_of_one_photo_is_a_phantom(photo: Photo) -> None:
    twin = original(photo).with_suffix(".png")
    twin.write_bytes(b"twin")
    os.utime(twin, (0, 0))
    (finding,) = findings()
    assert twin.name in finding


# --- I6, I8 ---
def test_a_photo_that_counts_for_a_foreign_structure_is_named(photo: Photo) -> None:
    foreign = make_structure()
    Photo.objects.filter(pk=photo.pk).update(structure=foreign)
    (finding,) = findings()
    assert f"counts for structure {foreign.pk}" in finding


def test_a_decision_that_the_log_does_not_end_with_is_named(photo: Photo) -> None:
    reviewer = make_user("reviewer")
    first = review.decide(photo, "confirmed", by=reviewer, seen_decision_id=None)
    second = review.decide(photo, "cant_tell", by=reviewer, seen_decision_id=first.pk)
    Photo.objects.filter(pk=photo.pk).update(decision=first)
    assert findings() == [
        f"I8 Photo {photo.pk} (deck.jpg) shows decision {first.pk}, "
        f"but its log ends with {second.pk}."
    ]


def test_a_decision_that_vanished_from_its_photo_is_named(photo: Photo) -> None:
    review.decide(photo, "confirmed", by=make_user("reviewer"), seen_decision_id=None)
    Photo.objects.filter(pk=photo.pk).update(decision=None)
    (finding,) = findings()
    assert "shows decision none" in finding


# --- the command ---
def test_the_command_tells_what_it_checked(
    photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_invariants")
    assert capsys.readouterr().out == "Checked 1 photos, 1 model versions: nothing broken.\n"


def test_the_command_fails_where_something_is_broken(
    photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    original(photo).unlink()
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_invariants", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["photos"]) == (False, 1)
    assert answer["findings"][0]["invariant"] == "I1"


def test_without_grace_a_new_file_without_a_row_is_found(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    active_version()
    stray = media / "originals" / "ab" / "stray.jpg"
    stray.parent.mkdir(parents=True)
    stray.touch()
    with pytest.raises(SystemExit):
        call_command("verify_invariants", "--grace-hours", "0")
    assert "I5 No photo has the original originals/ab/stray.jpg." in capsys.readouterr().out
