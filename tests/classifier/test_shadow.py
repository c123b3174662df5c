"""R28: what a candidate says of the newest photos is known before anybody activates it."""

import pytest
from celery import Task
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from classifier import overriding, rescoring, retraining, shadows, tasks, trials, versions
from classifier.engine import Comparison, Finding, StubEngine
from classifier.models import AuditEvent, ModelVersion, Photo, Rescoring, User
from tests.classifier.test_rescoring import turned_round
from tests.factories import (
    SOUND,
    active_version,
    end_trials,
    make_candidate,
    make_classified,
    make_lessons,
    make_user,
)
from tests.speed.pages import MOST_QUERIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


def candidate_of_a_run(admin: User) -> ModelVersion:
    active_version()
    make_lessons(admin)
    make_classified(colour=SOUND)
    retraining.execute(retraining.request_run(by=admin).pk)
    return ModelVersion.objects.get(state="candidate")


def standing() -> list[tuple[int | None, int | None]]:
    return list(Photo.objects.order_by("id").values_list("prediction", "decision"))


def test_a_candidate_that_passed_is_tried_by_itself_and_its_page_shows_what_it_would_change(
    monkeypatch: pytest.MonkeyPatch,
    admin: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    candidate = candidate_of_a_run(admin)
    before, asked = standing(), Rescoring.objects.get()
    assert (asked.version, asked.requested_by, asked.total) == (candidate, admin, 9)
    assert AuditEvent.objects.get(action="rescoring asked").subject_id == candidate.pk
    client.force_login(admin)
    address = reverse("model", args=[candidate.pk])
    page = client.get(address).content.decode()
    assert "It is being tried: 0 of 9 photos" in page
    assert "It passed every condition below." in page
    assert "Activate this version" not in page
    turned_round(monkeypatch)
    for pk in rescoring.take_due(timezone.now()):
        tasks.rescore(pk)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(address).content.decode()
    told = ["both judged</dt><dd>9<", "Now flagged</dt><dd>1<", "No longer flagged</dt><dd>8<"]
    told += ["Newly to look at, flagged or undecided</dt><dd>1<"]
    told += ["No longer to look at: now clear</dt><dd>8<"]
    assert [sentence for sentence in told if sentence not in page] == []
    assert "with all of 9 photos" in page
    assert "Activate this version" in page, "It is not active yet."
    with django_assert_max_num_queries(MOST_QUERIES):
        shown = client.get(reverse("changes", args=[candidate.pk])).content.decode()
    assert "Now flagged: 1" in shown
    assert "No longer flagged: 8" in shown
    assert "No longer to look at: now clear: 8" in shown
    assert standing() == before


def test_of_many_photos_it_is_tried_on_the_newest_500(
    monkeypatch: pytest.MonkeyPatch, admin: User
) -> None:
    assert shadows.SHADOWED == 500
    monkeypatch.setattr(shadows, "SHADOWED", 4)
    candidate = candidate_of_a_run(admin)
    rescoring.go_on(Rescoring.objects.get().pk)
    judged = candidate.predictions.order_by("photo").values_list("photo", flat=True)
    assert list(judged) == sorted(Photo.objects.newest(4).ids())


def test_a_candidate_that_was_refused_is_tried_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, admin: User, client: Client
) -> None:
    refusal = Comparison((Finding("recall", False, "It misses cracks."),), {}, ())
    monkeypatch.setattr(StubEngine, "compare", lambda *_: refusal)
    candidate = candidate_of_a_run(admin)
    assert not Rescoring.objects.exists()
    client.force_login(admin)
    page = client.get(reverse("model", args=[candidate.pk])).content.decode()
    assert "The trial has not begun." in page
    assert f'action="{reverse("rescore", args=[candidate.pk])}"' in page
    monkeypatch.setattr(tasks.doorbell, "ring", lambda *_: True)
    client.post(reverse("rescore", args=[candidate.pk]))
    assert Rescoring.objects.get().version == candidate


@pytest.mark.parametrize("how", ["under way", "stopped", "never begun"])
def test_a_trial_that_has_not_ended_needs_a_typed_reason_which_is_audited(
    admin: User, how: str
) -> None:
    candidate, told = candidate_of_a_run(admin), "not tried on all of the newest photos yet."
    asked = Rescoring.objects.get()
    if how == "stopped":
        rescoring._judge(asked, Photo.objects.earliest("id"))
        rescoring.cancel(asked, by=admin)
    if how == "never begun":
        asked.delete()
    with pytest.raises(overriding.AgainstTheGate, match=told):
        versions.activate(candidate, by=admin)
    versions.activate(candidate, by=admin, reason="It cannot wait.")
    kept = AuditEvent.objects.get(action="model version activated against the gate").detail
    assert kept == {"gate": f"It was {told}", "why": "It cannot wait."}


def test_what_comes_in_after_the_trial_does_not_hold_the_candidate_up(admin: User) -> None:
    candidate = candidate_of_a_run(admin)
    end_trials()
    make_classified(colour=SOUND)
    assert versions.objection(candidate) == ""


def test_without_photos_there_is_nothing_to_wait_for(admin: User, client: Client) -> None:
    active_version()
    candidate = make_candidate()
    trials.ask(candidate, by=admin)
    tasks.compare_version(candidate.pk)
    assert not Rescoring.objects.exists()
    client.force_login(admin)
    page = client.get(reverse("model", args=[candidate.pk])).content.decode()
    assert "There is no photo that it has to be tried on." in page
    assert versions.activate(candidate, by=admin).state == "active"


def test_the_way_back_waits_for_no_trial(admin: User) -> None:
    candidate, before = candidate_of_a_run(admin), active_version()
    versions.activate(candidate, by=admin, reason="It cannot wait.")
    assert versions.activate(before, by=admin).state == "active"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return what is asked of workers, as it comes."""
    rung: list[tuple[str, int]] = []

    def ring(task: Task, row_id: int, **_: object) -> bool:
        rung.append((task.__name__, row_id))
        return True

    monkeypatch.setattr(tasks.doorbell, "ring", ring)
    return rung


def test_the_trial_begins_when_the_run_has_ended_and_goes_on_without_the_sweeper(
    monkeypatch: pytest.MonkeyPatch, admin: User, rung: list[tuple[str, int]]
) -> None:
    active_version()
    make_lessons(admin)
    tasks.run_training(retraining.request_run(by=admin).pk)
    asked = Rescoring.objects.get()
    assert rung == [("rescore", asked.pk)]
    monkeypatch.setattr(rescoring.go_on, "__kwdefaults__", {"seconds": 0})
    tasks.rescore(asked.pk)
    assert rung == [("rescore", asked.pk)] * 2, "Its time was up."
    monkeypatch.setattr(rescoring.go_on, "__kwdefaults__", {"seconds": 60})
    tasks.rescore(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, len(rung)) == ("finished", 2)


def test_a_version_that_passes_when_it_is_compared_is_tried_next(
    admin: User, rung: list[tuple[str, int]]
) -> None:
    make_classified(colour=SOUND)
    candidate = make_candidate()
    trials.ask(candidate, by=admin)
    tasks.compare_version(candidate.pk)
    asked = Rescoring.objects.get()
    assert (asked.version, asked.requested_by) == (candidate, admin)
    assert rung == [("rescore", asked.pk)]
    end_trials()
    trials.ask(candidate, by=admin)
    tasks.compare_version(candidate.pk)
    assert Rescoring.objects.count() == 1, "It was tried."
