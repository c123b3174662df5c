"""A model at which processes end is given up, and the photos in hand are not blamed for it."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from classifier import classification, openings, versions
from classifier.engine import ModelFileError
from classifier.models import ModelVersion
from classifier.states import PhotoState
from tests.factories import active_version, make_candidate, make_photo, make_user


@pytest.fixture(autouse=True)
def marks(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "run" / "openings"


def leave_marks(model: Path, count: int) -> None:
    """Leave what so many processes leave that were killed while the model answered."""
    for _ in range(count):
        process = subprocess.Popen(["true"])
        process.wait()
        mark = openings._mark(model, process.pid)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def answer(model: Path) -> None:
    with openings.watched(model):
        pass


def test_a_model_is_marked_only_while_it_answers_for_the_first_time(
    marks: Path, tmp_path: Path
) -> None:
    model = tmp_path / "one"
    with openings.watched(model):
        assert [mark.name.split("@")[0] for mark in marks.iterdir()] == ["one"]
    assert list(marks.iterdir()) == []
    with openings.watched(model):
        assert list(marks.iterdir()) == []


def test_after_two_dead_processes_it_is_refused_once(tmp_path: Path) -> None:
    model = tmp_path / "two"
    leave_marks(model, openings.DEADLY)
    answer(tmp_path / "another")
    with pytest.raises(ModelFileError, match="2 workers in a row ended while the model folder two"):
        answer(model)
    answer(model)


def test_one_that_came_through_clears_the_dead(marks: Path, tmp_path: Path) -> None:
    model = tmp_path / "three"
    leave_marks(model, 1)
    answer(model)
    assert list(marks.iterdir()) == []


def test_a_death_of_another_day_is_not_in_a_row(marks: Path, tmp_path: Path) -> None:
    leave_marks(tmp_path / "model", 1)
    (old,) = marks.iterdir()
    yesterday = time.time() - 24 * 3600
    os.utime(old, (yesterday, yesterday))
    leave_marks(tmp_path / "model", 1)
    answer(tmp_path / "model")
    assert not list(marks.iterdir())


def test_who_is_still_at_it_is_not_dead(marks: Path, tmp_path: Path) -> None:
    model = tmp_path / "four"
    leave_marks(model, 1)
    openings._mark(model, os.getppid()).touch()
    answer(model)
    assert len(list(marks.iterdir())) == 1


def test_an_error_is_no_death(marks: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), openings.watched(tmp_path / "five"):
        raise ZeroDivisionError
    assert list(marks.iterdir()) == []


def test_a_disk_without_room_keeps_nobody_from_answering(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    answer(tmp_path / "six")


@pytest.mark.django_db
def test_the_version_before_takes_over_and_the_photo_has_lost_no_attempt() -> None:
    before, candidate = active_version(), make_candidate()
    versions.activate(candidate, by=make_user("admin"), reason="tried")
    leave_marks(versions.model_folder(candidate), openings.DEADLY)
    photo = make_photo()
    assert not classification.classify(photo.pk, claimant="worker")
    photo.refresh_from_db()
    assert (photo.state, photo.attempts) == (PhotoState.WAITING, 0)
    assert ModelVersion.objects.active() == before
    assert classification.classify(photo.pk, claimant="worker")
    candidate.refresh_from_db()
    assert "more memory than there is" in candidate.failure
