from datetime import timedelta
from pathlib import Path

import pytest

from classifier import gate, manifests, retraining, review, training_pulse, versions
from classifier.engine import Progress
from classifier.models import AuditEvent, ModelVersion, Photo, TrainingRun, User
from classifier.readiness import readiness
from classifier.states import RunState, VersionState
from tests.factories import (
    active_version,
    end_trials,
    make_lessons,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


@pytest.fixture
def _reviewed(admin: User) -> None:
    make_lessons(admin)


def run_once(admin: User) -> TrainingRun:
    run = retraining.request_run(by=admin)
    retraining.execute(run.pk)
    end_trials()
    run.refresh_from_db()
    return run


def test_without_reviewed_photos_the_button_says_what_is_missing(admin: User) -> None:
    active_version()
    with pytest.raises(retraining.CannotTrain, match="4 confirmed photos are needed; there are 0"):
        retraining.request_run(by=admin)


@pytest.mark.usefixtures("_reviewed")
def test_a_run_ends_with_a_candidate_and_its_history(admin: User) -> None:
    run = run_once(admin)
    assert run.state == RunState.SUCCEEDED
    assert run.candidate is not None
    assert run.candidate.state == VersionState.CANDIDATE
    assert run.candidate.parent == run.base
    assert [entry["epoch"] for entry in run.history] == [1, 2, 3, 4]


@pytest.mark.usefixtures("_reviewed")
def test_a_second_press_leads_to_the_run_under_way(admin: User) -> None:
    run = retraining.request_run(by=admin)
    with pytest.raises(retraining.AlreadyTraining) as second:
        retraining.request_run(by=make_user("admin"))
    assert second.value.run == run


@pytest.mark.usefixtures("_reviewed")
def test_decisions_after_the_press_do_not_change_the_manifest(admin: User) -> None:
    """R01: neither of other photos, nor of those in it, nor marks on them."""
    run = retraining.request_run(by=admin)
    before = list(run.manifest)
    make_reviewed(make_photo_set(), "confirmed", by=admin)
    first, second = (Photo.objects.get(pk=entry["photo"]) for entry in before[:2])
    review.decide(first, "cant_tell", by=admin, seen_decision_id=first.decision_id)
    place, seen = review.Place("box", 0.1, 0.1, 0.2, 0.2), second.decision_id
    review.mark(second, place, "missed", by=admin, seen_decision_id=seen, remark="")
    run.refresh_from_db()
    assert run.manifest == before != manifests.labels()
    assert run.manifest_sha256 == manifests.digest(before)
    assert {"photo", "sha256", "cracked", "reviewer", "decided_at", "side"} <= before[0].keys()
    assert retraining.execute(run.pk)


@pytest.mark.usefixtures("_reviewed")
def test_a_list_that_was_changed_after_the_press_teaches_nothing(admin: User) -> None:
    run = retraining.request_run(by=admin)
    run.manifest[0]["cracked"] = not run.manifest[0]["cracked"]
    run.save()
    retraining.execute(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "its hash differs" in run.message


@pytest.mark.usefixtures("_reviewed")
def test_photos_nobody_could_tell_are_left_out(admin: User) -> None:
    photo = make_reviewed(make_photo_set(), "confirmed", by=admin)
    review.decide(photo, "cant_tell", by=admin, seen_decision_id=photo.decision_id)
    manifest = retraining.request_run(by=admin).manifest
    assert photo.pk not in {entry["photo"] for entry in manifest}


@pytest.mark.usefixtures("_reviewed")
def test_a_queued_run_is_cancelled_at_once(admin: User) -> None:
    run = retraining.request_run(by=admin)
    retraining.cancel(run, by=admin)
    assert not retraining.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.slot) == (RunState.CANCELLED, None)


@pytest.mark.usefixtures("_reviewed")
def test_a_running_run_stops_at_its_next_step(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = retraining.request_run(by=admin)
    monkeypatch.setattr(training_pulse.Brake, "pulled", lambda _self: True)
    retraining.execute(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not ModelVersion.objects.filter(state=VersionState.CANDIDATE).exists()


@pytest.mark.usefixtures("_reviewed")
def test_a_run_that_is_cancelled_while_it_trains_stops_and_leaves_nothing(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_pulse, "CHECK_SECONDS", 0)
    run, beat = retraining.request_run(by=admin), training_pulse.Heart.beat

    def cancel_and_beat(heart: training_pulse.Heart, progress: Progress) -> None:
        beat(heart, progress)
        if progress.epoch == 1:
            retraining.cancel(TrainingRun.objects.get(), by=admin)

    monkeypatch.setattr(training_pulse.Heart, "beat", cancel_and_beat)
    monkeypatch.setattr(training_pulse.Heart, "_tick", lambda _self: None)
    retraining.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.message) == ("cancelled", "Cancelled; nothing was changed.")
    assert [point["epoch"] for point in run.history] == [1]
    assert not versions.model_folder(ModelVersion(folder=f"run-{run.pk}", name="")).exists()


def silent(admin: User, *, attempts: int = 1) -> TrainingRun:
    """Return a run whose worker has been silent for longer than it may."""
    run = retraining.request_run(by=admin)
    TrainingRun.objects.by_id(run.pk).move(
        RunState.RUNNING, heartbeat_at=run.requested_at, attempts=attempts
    )
    return run


@pytest.mark.usefixtures("_reviewed")
def test_a_run_whose_worker_fell_silent_goes_on_by_itself(admin: User) -> None:
    run = silent(admin)
    assert retraining.resume_silent(run.requested_at) == 0
    assert retraining.resume_silent(run.requested_at + timedelta(seconds=91)) == 1
    assert retraining.queued_runs() == [run.pk]
    left = versions.model_folder(ModelVersion(folder=f"run-{run.pk}", name=""))
    left.mkdir(parents=True)
    assert retraining.execute(run.pk), "Files of the attempt that died are not in its way."
    run.refresh_from_db()
    assert (run.state, run.attempts, run.message) == (RunState.SUCCEEDED, 2, "")


@pytest.mark.usefixtures("_reviewed")
def test_a_run_whose_worker_died_too_often_is_given_up(admin: User) -> None:
    run = silent(admin, attempts=3)
    left = leave_files(run)
    assert retraining.resume_silent(run.requested_at + timedelta(seconds=91)) == 0
    run.refresh_from_db()
    assert run.state == RunState.INTERRUPTED
    assert not any(path.exists() for path in left)
    assert AuditEvent.objects.filter(action="training interrupted").exists()
    assert retraining.request_run(by=admin).pk != run.pk


def leave_files(run: TrainingRun) -> list[Path]:
    """Leave what an attempt that died has written."""
    left = [retraining._checkpoint(run), retraining._folder(run) / "card.json"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return left


@pytest.mark.usefixtures("_reviewed")
def test_a_run_that_is_cancelled_before_it_goes_on_leaves_nothing(admin: User) -> None:
    run = silent(admin)
    left = leave_files(run)
    retraining.resume_silent(run.requested_at + timedelta(seconds=91))
    run.refresh_from_db()
    retraining.cancel(run, by=admin)
    run.refresh_from_db()
    assert (run.state, run.message) == (RunState.CANCELLED, "Cancelled; nothing was changed.")
    assert not any(path.exists() for path in left)
    assert AuditEvent.objects.filter(action="training cancelled").exists()


@pytest.mark.usefixtures("_reviewed")
def test_what_fails_while_the_candidate_is_registered_ends_the_run(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(gate, "record", fail)
    run = run_once(admin)
    assert (run.state, run.message) == (RunState.FAILED, retraining.FAULT)
    assert not retraining._folder(run).exists()
    assert ModelVersion.objects.count() == 1


@pytest.mark.usefixtures("_reviewed")
def test_a_silent_run_that_was_cancelled_does_not_go_on(admin: User) -> None:
    run = silent(admin)
    retraining.cancel(run, by=admin)
    retraining.resume_silent(run.requested_at + timedelta(seconds=91))
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


@pytest.mark.usefixtures("_reviewed")
def test_a_finished_run_is_not_run_again(admin: User) -> None:
    run = run_once(admin)
    assert not retraining.execute(run.pk)
    assert ModelVersion.objects.count() == 2


@pytest.mark.usefixtures("_reviewed")
def test_activation_swaps_one_pointer_and_keeps_the_previous(admin: User) -> None:
    run = run_once(admin)
    assert run.candidate is not None
    versions.activate(run.candidate, by=admin)
    run.base.refresh_from_db()
    assert ModelVersion.objects.active() == run.candidate
    assert run.base.state == VersionState.RETIRED
    assert AuditEvent.objects.filter(action="model version activated", actor=admin).exists()


@pytest.mark.usefixtures("_reviewed")
def test_a_version_whose_files_are_gone_is_not_activated(admin: User) -> None:
    run = run_once(admin)
    assert run.candidate is not None
    (versions.model_folder(run.candidate) / "card.json").unlink()
    with pytest.raises(versions.CannotActivate, match="cannot be used"):
        versions.activate(run.candidate, by=admin)
    assert ModelVersion.objects.active() == run.base


@pytest.mark.usefixtures("_reviewed")
def test_a_photo_on_both_sides_ends_the_run_with_its_reason(admin: User) -> None:
    run = retraining.request_run(by=admin)
    entries = {entry["side"]: entry for entry in run.manifest}
    entries["learn"]["sha256"] = entries["test"]["sha256"]
    run.save()
    retraining.execute(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "both belong to one file" in run.message


@pytest.mark.usefixtures("_reviewed")
def test_without_new_reviews_a_run_is_trained_only_when_wanted_anyway(admin: User) -> None:
    """R08."""
    run = run_once(admin)
    with pytest.raises(retraining.NothingNew, match="Nothing was reviewed since") as nothing:
        retraining.request_run(by=admin)
    assert nothing.value.run == run
    assert retraining.request_run(by=admin, anyway=True).pk != run.pk


@pytest.mark.usefixtures("_reviewed")
def test_a_run_afresh_starts_from_the_shipped_model_and_meets_the_active_one(admin: User) -> None:
    first = run_once(admin)
    assert first.candidate
    versions.activate(first.candidate, by=admin)
    assert retraining.request_run(by=admin, anyway=True).base == first.candidate
    retraining.cancel(TrainingRun.objects.open().get(), by=admin)
    afresh = retraining.request_run(by=admin, afresh=True)
    retraining.execute(afresh.pk)
    afresh.refresh_from_db()
    assert afresh.candidate
    assert afresh.base == first.base == afresh.candidate.parent
    assert afresh.candidate.trials.get().active == first.candidate


@pytest.mark.usefixtures("_reviewed")
def test_what_was_decided_since_the_last_run_is_counted(admin: User) -> None:
    manifest = run_once(admin).manifest
    assert readiness().new == 0
    make_reviewed(make_photo_set(), "confirmed", by=admin)
    photo = Photo.objects.get(pk=manifest[0]["photo"])
    review.decide(photo, "cant_tell", by=admin, seen_decision_id=photo.decision_id)
    assert readiness().new == 2
