import pytest
from django.test import Client
from django.urls import reverse

from classifier import retraining
from classifier.models import ModelVersion, TrainingRun, User
from tests.classifier.views.conftest import ClientFor
from tests.factories import active_version, make_lessons, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    active_version()
    return client_for("admin")


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def _reviewed(admin: User) -> None:
    make_lessons(admin)


def test_the_button_says_what_is_missing(client: Client) -> None:
    answer = client.post(reverse("train"), follow=True)
    assert "4 confirmed photos are needed; there are 0." in answer.content.decode()
    assert not TrainingRun.objects.exists()


@pytest.mark.usefixtures("_reviewed")
def test_two_presses_start_one_run(client: Client, rung: list[int]) -> None:
    answers = [client.post(reverse("train")) for _ in range(2)]
    run = TrainingRun.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("training-run", args=[run.pk])}
    assert rung == [run.pk]


@pytest.mark.usefixtures("_reviewed")
def test_the_run_page_shows_progress_and_cancels(client: Client) -> None:
    client.post(reverse("train"))
    run = TrainingRun.objects.get()
    assert client.get(reverse("training-run", args=[run.pk])).status_code == 200
    assert client.get(reverse("training-run-progress", args=[run.pk])).status_code == 200
    client.post(reverse("training-run-cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"


@pytest.mark.usefixtures("_reviewed")
def test_with_nothing_new_the_page_offers_to_train_anyway(client: Client, admin: User) -> None:
    retraining.execute(retraining.request_run(by=admin).pk)
    page = client.post(reverse("train"), follow=True).content.decode()
    assert "Nothing was reviewed since Training run" in page
    assert "Train anyway" in page
    client.post(reverse("train"), {"anyway": "1"})
    assert TrainingRun.objects.count() == 2


@pytest.mark.usefixtures("_reviewed")
def test_a_candidate_is_activated_by_its_button(client: Client, admin: User) -> None:
    run = retraining.request_run(by=admin)
    retraining.execute(run.pk)
    candidate = ModelVersion.objects.get(state="candidate")
    client.post(reverse("activate", args=[candidate.pk]))
    assert ModelVersion.objects.active() == candidate


def test_a_rejected_version_is_not_activated(client: Client) -> None:
    active = active_version()
    rejected = ModelVersion.objects.create(
        name="rejected",
        state="rejected",
        weights_sha256=active.weights_sha256,
        clear_below=0.1,
        flagged_from=0.2,
    )
    answer = client.post(reverse("activate", args=[rejected.pk]), follow=True)
    assert "rejected is rejected." in answer.content.decode()
    assert ModelVersion.objects.active() == active


def test_the_sentences_of_a_card_stand_apart(client: Client) -> None:
    version = active_version()
    version.card = {"limits": ["For concrete.", "Masonry it ranks poorly."], "sides": [640, 1152]}
    version.card |= {"without": []}
    version.save()
    page = client.get(reverse("model", args=[version.pk])).content.decode()
    assert "<li>For concrete.</li><li>Masonry it ranks poorly.</li>" in page
    assert "640, 1152" in page
    assert "[]" not in page


@pytest.mark.parametrize(("missed", "warned"), [(4, True), (1, False)])
def test_a_candidate_that_misses_more_cracks_says_so(
    client: Client, missed: int, warned: bool
) -> None:
    def side(count: int) -> dict[str, object]:
        clear = {"clear": 4, "undecided": 0, "flagged": 0}
        confusion = {"cracked": {"clear": count}, "clear": clear}
        return {"photos": 9, "cracked": 5, "confusion": confusion}

    active = active_version()
    candidate = ModelVersion.objects.create(
        name="candidate",
        weights_sha256="c",
        clear_below=0.1,
        flagged_from=0.2,
        parent=active,
        card={"held_out": {"active": side(1), "candidate": side(missed)}},
    )
    page = client.get(reverse("model", args=[candidate.pk])).content.decode()
    assert ("calls more cracked photos clear" in page) == warned
