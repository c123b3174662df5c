"""Trials of a candidate beside the active version, and what they let through."""

from typing import Any

import pytest

from classifier import gate, overriding, retraining, tasks, thresholds, versions
from classifier.engine import CompareRequest, Comparison, Finding, StubEngine, TrainingCancelled
from classifier.models import ModelVersion, Trial, User
from classifier.states import RunState
from tests.factories import active_version, end_trials, make_lessons, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    active_version()
    return make_user("admin", "reviewer")


@pytest.fixture
def trial(admin: User) -> Trial:
    """Return the trial with which a run ended; the one on the newest photos has ended, too."""
    make_lessons(admin)
    retraining.execute(retraining.request_run(by=admin).pk)
    end_trials()
    return Trial.objects.get()


def test_a_run_ends_with_a_trial_on_the_structures_that_only_measure(trial: Trial) -> None:
    run = trial.candidate.training_run
    measuring = {entry["photo"] for entry in run.manifest if entry["side"] == "test"}
    assert {entry["photo"] for entry in trial.photos} == measuring != set()
    assert (trial.passed, trial.sentence) == (True, "")


def test_a_candidate_that_passed_needs_no_reason(trial: Trial, admin: User) -> None:
    assert versions.objection(trial.candidate) == ""
    assert versions.activate(trial.candidate, by=admin).state == "active"


def test_a_refused_candidate_names_the_gravest_finding(
    monkeypatch: pytest.MonkeyPatch, admin: User
) -> None:
    findings = tuple(Finding(str(n), n == 0, f"Finding {n}.") for n in range(3))

    def compare(_self: StubEngine, request: CompareRequest, *_: object) -> Comparison:
        return Comparison(findings, {}, ((0.5, 0.5),) * len(request.photos))

    monkeypatch.setattr(StubEngine, "compare", compare)
    make_lessons(admin)
    retraining.execute(retraining.request_run(by=admin).pk)
    candidate = ModelVersion.objects.get(state="candidate")
    assert versions.objection(candidate) == "Finding 1."
    with pytest.raises(overriding.AgainstTheGate):
        versions.activate(candidate, by=admin)


def test_a_trial_beside_another_version_does_not_count(trial: Trial, admin: User) -> None:
    other = ModelVersion.objects.create(
        name="other", weights_sha256="c" * 64, clear_below=0.3, flagged_from=0.7, state="candidate"
    )
    ModelVersion.objects.by_id(trial.active_id).move("retired")
    ModelVersion.objects.by_id(other.pk).move("active")
    assert "not compared with other" in versions.objection(trial.candidate)
    assert versions.objection(trial.active) == "", "What was active before may come back."


@pytest.mark.parametrize("side", ["candidate", "active"])
def test_a_comparison_holds_for_the_thresholds_it_was_made_with(
    trial: Trial, admin: User, side: str
) -> None:
    moved = getattr(trial, side)
    before = moved.clear_below
    thresholds.move(moved, clear_below=0.05, flagged_from=moved.flagged_from, by=admin)
    candidate = ModelVersion.objects.get(pk=trial.candidate_id)
    assert "by the thresholds that both have now" in versions.objection(candidate)
    with pytest.raises(overriding.AgainstTheGate, match="Compare it again"):
        versions.activate(candidate, by=admin)
    thresholds.move(moved, clear_below=before, flagged_from=moved.flagged_from, by=admin)
    candidate.refresh_from_db()
    assert versions.objection(candidate) == "", "They are those of the comparison again."
    thresholds.move(moved, clear_below=0.05, flagged_from=moved.flagged_from, by=admin)
    tasks.compare_version(candidate.pk)
    candidate.refresh_from_db()
    assert versions.activate(candidate, by=admin).state == "active"


def test_thresholds_moved_while_it_is_compared_are_noticed(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, admin: User
) -> None:
    compare = StubEngine.compare

    def while_they_move(*given: Any) -> Comparison:
        thresholds.move(trial.active, clear_below=0.05, flagged_from=0.7, by=admin)
        return compare(*given)

    monkeypatch.setattr(StubEngine, "compare", while_they_move)
    tasks.compare_version(trial.candidate_id)
    assert "by the thresholds that both have now" in versions.objection(trial.candidate)


def test_a_comparison_from_before_thresholds_were_kept_does_not_count(trial: Trial) -> None:
    Trial.objects.update(thresholds={})
    assert "Compare it again" in versions.objection(trial.candidate)


def test_a_shipped_version_is_compared_when_asked(
    monkeypatch: pytest.MonkeyPatch, trial: Trial
) -> None:
    monkeypatch.setattr(StubEngine, "NAME", "stub-2")
    shipped = versions.register_released()
    assert "not compared" in versions.objection(shipped)
    tasks.compare_version(shipped.pk)
    assert "It was not tried" in versions.objection(shipped)


def test_flips_name_what_only_one_version_flags(trial: Trial) -> None:
    first, second = trial.photos[:2]
    first |= {"active": 0.1, "candidate": 0.9}
    second |= {"active": 0.95, "candidate": 0.5, "cracked": False}
    found = gate.flips(trial)
    assert [(flip.photo.pk, flip.before, flip.after) for flip in found.now_flagged] == [
        (first["photo"], "clear", "flagged")
    ]
    assert [flip.after for flip in found.no_longer_flagged] == ["undecided"]


def test_flips_name_what_only_one_version_wants_looked_at(trial: Trial) -> None:
    """Undecided to clear: the photo at which nobody looks any more."""
    first, second = trial.photos[:2]
    first |= {"active": 0.5, "candidate": 0.1, "cracked": False}
    second |= {"active": 0.1, "candidate": 0.5, "cracked": False}
    found = gate.flips(trial)
    turned = [found.no_longer_to_look_at, found.newly_to_look_at]
    assert [[flip.photo.pk for flip in flips] for flips in turned] == [
        [first["photo"]],
        [second["photo"]],
    ]
    assert found.now_flagged == found.no_longer_flagged == []


def test_a_confirmed_crack_that_moves_down_is_listed_apart(trial: Trial) -> None:
    lost, doubted = trial.photos[:2]
    lost |= {"active": 0.5, "candidate": 0.1, "cracked": True}
    doubted |= {"active": 0.95, "candidate": 0.5, "cracked": True}
    found = gate.flips(trial)
    moved = [(flip.photo.pk, flip.before, flip.after) for flip in found.cracks_moved_down]
    assert moved == [
        (doubted["photo"], "flagged", "undecided"),
        (lost["photo"], "undecided", "clear"),
    ]
    others = (found.no_longer_flagged, found.no_longer_to_look_at)
    assert others == ([], []), "They stand once on the page."


def test_more_changes_than_are_shown_are_counted(
    monkeypatch: pytest.MonkeyPatch, trial: Trial
) -> None:
    monkeypatch.setattr(gate, "SHOWN_FLIPS", 1)
    first, second = trial.photos[:2]
    first |= {"active": 0.95, "candidate": 0.5, "cracked": True}
    second |= {"active": 0.95, "candidate": 0.1, "cracked": True}
    found = gate.flips(trial)
    assert [flip.photo.pk for flip in found.cracks_moved_down] == [second["photo"]]
    assert found.counts["cracks_moved_down"] == 2


def test_each_version_is_compared_by_its_own_thresholds(trial: Trial) -> None:
    ModelVersion.objects.by_id(trial.candidate_id).update(flagged_from=0.55)
    trial.candidate.refresh_from_db()
    trial.photos[0] |= {"active": 0.75, "candidate": 0.6, "cracked": True}
    assert gate.flips(trial).cracks_moved_down == []


def test_a_run_cancelled_while_comparing_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, admin: User
) -> None:
    def compare(*_: object) -> Comparison:
        raise TrainingCancelled("stopped")

    monkeypatch.setattr(StubEngine, "compare", compare)
    make_lessons(admin)
    run = retraining.request_run(by=admin)
    retraining.execute(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not versions.model_folder(ModelVersion(folder=f"run-{run.pk}", name="")).exists()


def test_a_version_whose_seal_does_not_fit_is_refused_unopened(trial: Trial) -> None:
    card = versions.model_folder(trial.candidate) / "card.json"
    card.write_text('{"name": "another"}')
    again = gate.compare(trial.candidate)
    assert not again.passed
    assert "its seal does not fit" in again.sentence
