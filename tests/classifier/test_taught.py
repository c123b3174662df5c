"""What taught a version, in whichever run, measures none that comes from it."""

import pytest

from classifier import classification, gate, intake, photo_files, retraining, review, versions
from classifier.models import Photo, TrainingRun, User
from classifier.states import RunState
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
    copy = intake.receive_photo(measuring, upload_file(content, "copy.jpg"), by=admin).photo
    classification.classify(copy.pk, claimant="test")
    copy.refresh_from_db()
    cause = "" if sides["learn"]["cracked"] else "joint"
    outcome = "dismissed" if cause else "confirmed"
    review.decide(copy, outcome, by=admin, seen_decision_id=None, cause=cause)
    return copy


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
