import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from classifier import gate, retraining, versions
from classifier.engine import Comparison, Finding
from classifier.models import AuditEvent, ModelVersion, Rescoring, Trial, User
from tests.classifier.views.conftest import ClientFor
from tests.factories import active_version, make_candidate, make_lessons, train_candidate
from tests.speed.pages import MOST_QUERIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    active_version()
    return client_for("admin")


@pytest.mark.usefixtures("_reviewed")
def test_a_candidate_is_activated_by_its_button(client: Client, admin: User) -> None:
    candidate = train_candidate(admin)
    client.post(reverse("activate", args=[candidate.pk]))
    assert ModelVersion.objects.active() == candidate


def test_a_discarded_version_is_not_activated(client: Client) -> None:
    active = active_version()
    discarded = ModelVersion.objects.create(
        name="discarded",
        state="discarded",
        weights_sha256=active.weights_sha256,
        seal=active.seal,
        clear_below=0.1,
        flagged_from=0.2,
    )
    address = reverse("activate", args=[discarded.pk])
    answer = client.post(address, {"reason": "nevertheless"}, follow=True)
    assert "discarded is discarded." in answer.content.decode()
    assert ModelVersion.objects.active() == active


def test_a_card_is_a_file_as_well(client: Client) -> None:
    version = active_version()
    answer = client.get(reverse("model-card", args=[version.pk]))
    assert answer.json() == version.card
    assert f"card-{version.pk}.json" in answer["Content-Disposition"]


def test_the_sentences_of_a_card_stand_apart(client: Client) -> None:
    version = active_version()
    version.card = {"limits": ["For concrete.", "Masonry it ranks poorly."], "sides": [640, 1152]}
    version.card |= {"without": []}
    version.save()
    page = client.get(reverse("model", args=[version.pk])).content.decode()
    assert "<li>For concrete.</li><li>Masonry it ranks poorly.</li>" in page
    assert "640, 1152" in page
    assert "[]" not in page


@pytest.fixture
def refused(admin: User) -> ModelVersion:
    """Return a candidate that misses a crack which the active version flags."""
    make_lessons(admin)
    retraining.execute(retraining.request_run(by=admin).pk)
    trial = Trial.objects.get()
    trial.passed, trial.findings = False, [MISSES]
    entry = next(entry for entry in trial.photos if entry["cracked"])
    entry |= {"active": 0.9, "candidate": 0.1}
    trial.save()
    return trial.candidate


MISSES = {"rule": "recall", "passed": False, "sentence": "It may miss more cracks."}


def test_a_refused_candidate_says_why_and_what_it_would_change(
    client: Client, refused: ModelVersion
) -> None:
    page = client.get(reverse("model", args=[refused.pk])).content.decode()
    assert "It may miss more cracks." in page
    assert "Confirmed cracks that move down: 1" in page
    assert "Now flagged: 0" in page
    assert "why?" in client.get(reverse("models")).content.decode()


def test_a_list_of_changes_that_ends_before_all_are_shown_says_so(
    client: Client, refused: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial.objects.get()
    for entry in trial.photos:
        entry |= {"active": 0.9, "candidate": 0.1, "cracked": True}
    trial.save()
    address = reverse("model", args=[refused.pk])
    page = client.get(address).content.decode()
    assert "Confirmed cracks that move down: 2" in page
    assert "The clearest" not in page
    monkeypatch.setattr(gate, "SHOWN_FLIPS", 1)
    page = client.get(address).content.decode()
    assert "Confirmed cracks that move down: 2" in page
    assert "The clearest 1 are shown." in page


def test_the_comparison_that_decides_is_shown_not_a_later_one_beside_another_version(
    client: Client, admin: User
) -> None:
    active, candidate, other = active_version(), make_candidate("B"), make_candidate("C")
    address = reverse("model", args=[candidate.pk])
    refusal = Comparison((Finding("recall", False, "It may miss more cracks."),), {}, ())
    gate.record(refusal, candidate, other, [])
    assert "Beside C" in client.get(address).content.decode(), "It has no other."
    assert gate.compare(candidate).passed
    gate.record(refusal, candidate, other, [])
    page = client.get(address).content.decode()
    assert f"Beside {active}" in page
    assert "It passed every condition below." in page
    assert "It may miss more cracks." not in page
    told = client.get(reverse("model-card", args=[candidate.pk])).json()
    assert told["compared"]["beside"] == str(active)


def test_against_the_gate_a_reason_has_to_be_typed(client: Client, refused: ModelVersion) -> None:
    address = reverse("activate", args=[refused.pk])
    answer = client.post(address, {"reason": " "}, follow=True)
    assert "was not activated. It may miss more cracks. Say why" in answer.content.decode()
    client.post(address, {"reason": "It knows our joints."})
    assert ModelVersion.objects.active() == refused
    event = AuditEvent.objects.get(action="model version activated against the gate")
    assert event.detail == {"gate": MISSES["sentence"], "why": "It knows our joints."}


@pytest.mark.usefixtures("_reviewed")
def test_one_press_rolls_back_and_what_is_needed_is_kept(client: Client, admin: User) -> None:
    before = active_version()
    candidate = train_candidate(admin)
    client.post(reverse("activate", args=[candidate.pk]))
    assert f"Roll back to {before}" in client.get(reverse("models")).content.decode()
    answer = client.post(reverse("discard", args=[before.pk]), follow=True)
    assert "it is the way back" in answer.content.decode()
    client.post(reverse("activate", args=[before.pk]))
    assert ModelVersion.objects.active() == before


def test_a_comparison_is_asked_of_the_training_worker(client: Client, rung: list[int]) -> None:
    address = reverse("compare", args=[make_candidate().pk])
    answers = [client.post(address, follow=True).content.decode() for _ in range(2)]
    assert ["is still being compared" in answer for answer in answers] == [False, True]
    assert len(rung) == 2, "A message that was lost is sent again; the worker makes one of two."


def test_old_photos_are_judged_again_on_request(
    client: Client, admin: User, rung: list[int]
) -> None:
    make_lessons(admin, structures=1)
    version = make_candidate()
    address = reverse("changes", args=[version.pk])
    page = client.get(address).content.decode()
    assert "Try it on the newest photos" in page
    assert f"Of the photos that {version} and {active_version()} judged" in page
    client.post(reverse("rescore", args=[version.pk]))
    asked = Rescoring.objects.get()
    assert asked.pk in rung
    assert (
        "0 of 2 judged again" in client.get(reverse("changes", args=[version.pk])).content.decode()
    )
    client.post(reverse("rescore-cancel", args=[version.pk]))
    asked.refresh_from_db()
    assert asked.state == "cancelled"


def test_thresholds_are_shown_before_they_are_saved(client: Client) -> None:
    version = active_version()
    wished = {"clear_below": "0.1", "flagged_from": "0.6"}
    page = client.get(reverse("thresholds", args=[version.pk]), wished).content.decode()
    assert "Save these" in page
    assert "0 of 0 cracks are caught (as now)" in page
    client.post(reverse("thresholds-move", args=[version.pk]), wished)
    version.refresh_from_db()
    assert (version.clear_below, version.flagged_from) == (0.1, 0.6)
    told = "judges by these thresholds from now on. 0 photos without a decision show another"
    assert told in client.get(reverse("model", args=[version.pk])).content.decode()
    turned = {"clear_below": "0.7", "flagged_from": "0.6"}
    answer = client.post(reverse("thresholds-move", args=[version.pk]), turned)
    assert "It cannot be above" in answer.content.decode()


def test_an_earlier_set_of_thresholds_is_put_back_by_one_press(client: Client) -> None:
    version = active_version()
    address = reverse("model", args=[version.pk])
    assert "Put these back" not in client.get(address).content.decode()
    wished = {"clear_below": "0.1", "flagged_from": "0.6"}
    client.post(reverse("thresholds-move", args=[version.pk]), wished)
    page = client.get(address).content.decode()
    assert page.count("Put these back") == 1
    assert "Moved · admin" in page
    first = version.threshold_sets.earliest("id")
    client.post(reverse("thresholds-put-back", args=[first.pk]))
    version.refresh_from_db()
    assert (version.clear_below, version.flagged_from) == (0.3, 0.7)
    assert client.get(address).content.decode().count("Put these back") == 2


def test_a_second_admin_reads_the_reason_and_agrees(
    client: Client, refused: ModelVersion, settings: Settings, client_for: ClientFor
) -> None:
    settings.SECOND_ADMIN = True
    address = reverse("activate", args=[refused.pk])
    page = client.post(address, {"reason": "It knows our joints."}, follow=True).content.decode()
    assert "Another admin has to agree before" in page
    assert "“It knows our joints.”" in page
    second = client_for("admin")
    page = second.get(reverse("model", args=[refused.pk])).content.decode()
    assert "Agree and activate against the gate" in page
    second.post(address)
    assert ModelVersion.objects.active() == refused


@pytest.fixture
def failed(client: Client, admin: User) -> ModelVersion:
    """Return a version that could not be used, so that the shipped one took over."""
    version = versions.activate(make_candidate("cracked"), by=admin, reason="newer")
    assert versions.fall_back(version, why="It holds NaN.") == active_version()
    return version


def test_a_reversion_is_told_on_the_pages_of_admins_until_one_answers(
    client: Client, failed: ModelVersion
) -> None:
    told = "cracked could not be used and the site went back to stub by itself at"
    for page in ("models", "system"):
        assert told in client.get(reverse(page)).content.decode()
    own_page = client.get(reverse("model", args=[failed.pk])).content.decode()
    assert "It could not be used at" in own_page
    assert "It holds NaN." in own_page
    assert "hairline_failed_versions 1.0" in client.get(reverse("metrics")).content.decode()
    assert "Stay with stub" in client.get(reverse("models")).content.decode()
    client.post(reverse("activate", args=[active_version().pk]))
    for page in ("models", "system"):
        assert told not in client.get(reverse(page)).content.decode()
    assert "hairline_failed_versions 0.0" in client.get(reverse("metrics")).content.decode()


def test_a_version_that_failed_is_not_offered_as_the_way_back(
    client: Client, failed: ModelVersion
) -> None:
    assert "Roll back to" not in client.get(reverse("models")).content.decode()
    client.post(reverse("activate", args=[active_version().pk]))
    assert "Roll back to" not in client.get(reverse("models")).content.decode()


def test_with_no_version_to_go_back_to_the_page_says_that_photos_wait(client: Client) -> None:
    assert versions.fall_back(active_version(), why="It holds NaN.") is None
    page = client.get(reverse("models")).content.decode()
    assert "stub cannot be used since" in page
    assert "Photos wait." in page


def test_many_versions_are_listed_by_no_more_questions(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        make_candidate(f"candidate {number}")
    with django_assert_max_num_queries(MOST_QUERIES):
        assert "why?" in client.get(reverse("models")).content.decode()
