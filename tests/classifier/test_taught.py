"""What taught a version, in whichever run, measures none that comes from it."""

import io

import pytest

from classifier import (
    classification,
    gate,
    intake,
    photo_files,
    pictures,
    retraining,
    review,
    versions,
)
from classifier.models import Photo, PhotoSet, Picture, TrainingRun, User
from classifier.states import RunState
from ml_training.synthetic import draw_photo
from tests.factories import end_trials, make_candidate, make_lessons, make_user, upload_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


@pytest.fixture
def first(admin: User) -> TrainingRun:
    make_lessons(admin)
    return run(admin)


def run(admin: User, *, afresh: bool = False) -> TrainingRun:
    asked = retraining.request_run(by=admin, afresh=afresh)
    retraining.execute(asked.pk)
    asked.refresh_from_db()
    return asked


def learned_elsewhere(first: TrainingRun, admin: User) -> Photo:
    """Move what taught the run, now active, to where photos only measure: the learned copy is given
    up, and the same file is confirmed at a structure that measures.
    """
    assert first.candidate
    end_trials()
    versions.activate(first.candidate, by=admin)
    sides = {entry["side"]: entry for entry in first.manifest}
    taught = Photo.objects.get(pk=sides["learn"]["photo"])
    review.decide(taught, "cant_tell", by=admin, seen_decision_id=taught.decision_id)
    measuring = Photo.objects.get(pk=sides["test"]["photo"]).photo_set
    content = photo_files.original(taught).read_bytes()
    return reviewed(measuring, content, cracked=sides["learn"]["cracked"], by=admin)


def reviewed(photo_set: PhotoSet, content: bytes, *, cracked: bool, by: User) -> Photo:
    photo = intake.receive_photo(photo_set, upload_file(content, "copy.jpg"), by=by).photo
    classification.classify(photo.pk, claimant="test")
    photo.refresh_from_db()
    outcome, cause = ("confirmed", "") if cracked else ("dismissed", "joint")
    review.decide(photo, outcome, by=by, seen_decision_id=None, cause=cause)
    return photo


def test_what_taught_the_version_before_does_not_measure_the_next_one(
    admin: User, first: TrainingRun
) -> None:
    copy = learned_elsewhere(first, admin)
    second = run(admin)
    assert second.state == RunState.FAILED
    assert second.message.startswith("copy.jpg would measure what this run learns, but an earlier")
    afresh = run(admin, afresh=True)
    assert afresh.candidate, afresh.message
    trial = afresh.candidate.trials.get()
    assert copy.pk not in {entry["photo"] for entry in trial.photos}
    assert trial.findings[-1]["sentence"].endswith("taught one of the two versions: 1.")


def test_what_taught_one_of_two_versions_does_not_compare_them(
    admin: User, first: TrainingRun
) -> None:
    copy = learned_elsewhere(first, admin)
    other = make_candidate()
    for candidate in (other, first.base):
        trial = gate.compare(candidate)
        assert copy.pk not in {entry["photo"] for entry in trial.photos}
        assert len(trial.photos) == 2
        assert trial.findings[-1]["sentence"].endswith("taught one of the two versions: 1.")
    versions.activate(first.base, by=admin)
    assert len(gate.compare(other).photos) == 3, "Neither learned from it."


def drawn(seed: int, width: int = 640) -> bytes:
    picture = draw_photo(seed=seed, cracked=True, width=640, height=480).image
    file = io.BytesIO()
    picture.resize((width, width * 3 // 4)).save(file, "JPEG", quality=60)
    return file.getvalue()


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_smaller_copy_of_what_taught_and_was_withdrawn_since_measures_nothing(
    admin: User, *, is_deleted: bool
) -> None:
    """R02: the photo is deleted, or nobody can tell any more; the manifest has its digest alone."""
    seeds = {
        reviewed(photo_set, drawn(seed), cracked=True, by=admin).pk: seed
        for seed, photo_set in enumerate(make_lessons(admin))
    }
    first = run(admin)
    assert first.candidate, first.message
    end_trials()
    versions.activate(first.candidate, by=admin)
    sides = {entry["side"]: entry for entry in first.manifest if entry["photo"] in seeds}
    taught = Photo.objects.get(pk=sides["learn"]["photo"])
    measuring = PhotoSet.objects.get(pk=sides["test"]["set"])
    seed = seeds[taught.pk]
    review.decide(taught, "cant_tell", by=admin, seen_decision_id=taught.decision_id)
    if is_deleted:
        taught.delete()
    copy = reviewed(measuring, drawn(seed, width=400), cracked=True, by=admin)
    second = run(admin)
    assert second.state == RunState.FAILED
    assert "copy.jpg would measure what this run learns, but an earlier run has" in second.message
    assert gate.untaught(gate.measuring_now(), first.base)[1] == 0, "It has learned nothing here."
    kept, left_out = gate.untaught(gate.measuring_now(), first.candidate)
    assert left_out == 1
    assert copy.pk not in {entry["photo"] for entry in kept}


def test_pictures_are_kept_once_and_only_of_what_teaches(admin: User, first: TrainingRun) -> None:
    learned = {e["sha256"] for e in first.manifest if e["side"] == "learn"}
    assert Picture.objects.kept(e["sha256"] for e in first.manifest) == learned
    retraining.execute(retraining.request_run(by=admin, anyway=True).pk)
    assert Picture.objects.count() == len(learned)
    first.manifest[0]["sha256"] = "of a run of an earlier release, whose photos are gone"
    first.manifest[0]["photo"] = 0
    assert pictures.known(gate.measuring_now(), first.manifest[:1]) == set()
