import importlib

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from classifier import manifests, retraining
from classifier.models import Structure, TrainingRun, User
from classifier.states import Side
from tests.classifier.views.conftest import ClientFor
from tests.factories import active_version, make_photo_set, make_reviewed

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    active_version()
    return client_for("admin")


def test_the_button_says_what_is_missing(client: Client) -> None:
    answer = client.post(reverse("train"), follow=True)
    assert "4 confirmed photos are needed; there are 0." in answer.content.decode()
    assert not TrainingRun.objects.exists()


@pytest.mark.usefixtures("_reviewed")
def test_before_a_run_the_page_says_what_the_gate_will_ask_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get(reverse("models")).content.decode()
    assert "cannot pass the gate" in page
    assert "they have 1 and 1." in page
    assert not Structure.objects.exclude(side="").exists(), "Looking draws no side."
    monkeypatch.setattr(manifests, "FEWEST_MEASURED", 1)
    page = client.get(reverse("models")).content.decode()
    assert "have 1 confirmed and 1 dismissed photos; it needs 1 of each." in page
    assert "cannot pass the gate" not in page


def test_no_run_is_offered_as_long_as_one_kind_of_photo_only_measures(
    client: Client, admin: User
) -> None:
    teaching, measuring = (make_photo_set() for _ in range(2))
    Structure.objects.take_side(measuring.inspection.structure_id, Side.TEST)
    for _ in range(4):
        make_reviewed(teaching, "dismissed", by=admin)
        make_reviewed(measuring, "confirmed", by=admin)
    page = client.get(reverse("models")).content.decode()
    assert "Confirmed photos of structures that teach: 0" in page
    assert "disabled" in page
    answer = client.post(reverse("train"), follow=True)
    assert "Review photos of more structures." in answer.content.decode()
    make_reviewed(teaching, "confirmed", by=admin)
    assert "disabled" not in client.get(reverse("models")).content.decode()
    assert client.post(reverse("train")).status_code == 302
    assert TrainingRun.objects.exists()


@pytest.mark.usefixtures("_reviewed")
def test_two_presses_start_one_run(client: Client, rung: list[int]) -> None:
    first, second = (client.post(reverse("train")) for _ in range(2))
    run = TrainingRun.objects.get()
    address = reverse("training-run", args=[run.pk])
    assert (first.status_code, first["Location"]) == (302, address)
    assert second.status_code == 409
    assert f"{run} is under way" in second.content.decode()
    assert f'href="{address}"' in second.content.decode()
    assert rung == [run.pk]


@pytest.mark.usefixtures("_reviewed")
def test_a_program_that_comes_second_is_told_of_the_run(client: Client, admin: User) -> None:
    run = retraining.request_run(by=admin)
    answer = client.post(reverse("train"), headers={"accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json()["run_url"] == reverse("training-run", args=[run.pk])


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
def test_lists_and_the_progress_read_no_manifest(client: Client, admin: User) -> None:
    """It has an entry for each photo: of thousands, it takes a page seconds."""
    run = retraining.request_run(by=admin)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(reverse("models")).content.decode()
        client.get(reverse("training-run-progress", args=[run.pk]))
    assert '<td class="number" data-label="Photos">8</td>' in page
    read = [each["sql"] for each in asked.captured_queries if '"manifest_sha256"' in each["sql"]]
    assert len(read) == 2
    assert not [query for query in read if '"manifest"' in query or '"card"' in query]


@pytest.mark.usefixtures("_reviewed")
def test_whoever_comes_second_or_looks_whether_to_stop_reads_no_manifest(admin: User) -> None:
    run = retraining.request_run(by=admin)
    with CaptureQueriesContext(connection) as asked:
        assert TrainingRun.objects.held(run).first() == run
        with pytest.raises(retraining.AlreadyTraining):
            retraining.request_run(by=admin)
    assert not [query for query in asked.captured_queries if '"manifest"' in query["sql"]]


@pytest.mark.usefixtures("_reviewed")
def test_the_photos_of_runs_of_earlier_releases_are_counted(client: Client, admin: User) -> None:
    run = retraining.request_run(by=admin)
    TrainingRun.objects.update(photos=0)
    importlib.import_module("classifier.migrations.0030_training_run_photos").count_all(apps, None)
    run.refresh_from_db()
    assert run.photos == len(run.manifest) == 8


@pytest.mark.usefixtures("_reviewed")
def test_with_nothing_new_the_page_offers_to_train_anyway(client: Client, admin: User) -> None:
    retraining.execute(retraining.request_run(by=admin).pk)
    page = client.post(reverse("train"), follow=True).content.decode()
    assert "Nothing was reviewed since Training run" in page
    assert "Train anyway" in page
    client.post(reverse("train"), {"anyway": "1"})
    assert TrainingRun.objects.count() == 2


@pytest.mark.usefixtures("_reviewed")
def test_the_bar_shows_the_steps_of_all_epochs(client: Client) -> None:
    client.post(reverse("train"))
    now = {"epoch": 3, "epochs": 4, "step": 5, "steps": 10, "loss": 0.1, "note": ""}
    TrainingRun.objects.update(state="running", progress=now)
    run = TrainingRun.objects.get()
    page = client.get(reverse("training-run-progress", args=[run.pk])).content.decode()
    assert '<progress value="25" max="40"' in page
