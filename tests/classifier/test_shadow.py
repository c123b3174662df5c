"""R28: what a candidate says of the newest photos is known before anybody activates it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from classifier import rescoring, retraining, tasks
from classifier.engine import Comparison, Finding, StubEngine
from classifier.models import AuditEvent, ModelVersion, Photo, Rescoring, User
from tests.classifier.test_rescoring import turned_round
from tests.factories import SOUND, active_version, make_classified, make_lessons, make_user
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
    assert "It is being tried: 0 of 9 photos" in client.get(address).content.decode()
    turned_round(monkeypatch)
    for pk in rescoring.take_due(timezone.now()):
        tasks.rescore(pk)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(address).content.decode()
    told = ["both judged</dt><dd>9<", "Now flagged</dt><dd>1<", "No longer flagged</dt><dd>8<"]
    told += ["Newly to look at, flagged or undecided</dt><dd>1<"]
    told += ["No longer to look at: now clear</dt><dd>8<"]
    assert [sentence for sentence in told if sentence not in page] == []
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
    assert rescoring.SHADOWED == 500
    monkeypatch.setattr(rescoring, "SHADOWED", 4)
    candidate = candidate_of_a_run(admin)
    rescoring.go_on(Rescoring.objects.get().pk)
    judged = candidate.predictions.order_by("photo").values_list("photo", flat=True)
    assert list(judged) == sorted(Photo.objects.newest_ids(4))


def test_a_candidate_that_was_refused_is_tried_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, admin: User, client: Client
) -> None:
    refusal = Comparison((Finding("recall", False, "It misses cracks."),), {}, ())
    monkeypatch.setattr(StubEngine, "compare", lambda *_: refusal)
    candidate = candidate_of_a_run(admin)
    assert not Rescoring.objects.exists()
    client.force_login(admin)
    assert (
        "On the newest photos"
        not in client.get(reverse("model", args=[candidate.pk])).content.decode()
    )
    monkeypatch.setattr(tasks.doorbell, "ring", lambda *_: True)
    client.post(reverse("rescore", args=[candidate.pk]))
    assert Rescoring.objects.get().version == candidate
