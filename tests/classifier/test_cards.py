"""R10: the card of a trained version as it is served: file, run and comparison, one schema."""

import json
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from classifier import cards, retraining, versions
from classifier.models import ModelVersion, TrainingRun, Trial, User
from ml_training import RELEASED
from tests.factories import active_version, make_lessons, make_user
from tests.ml_training.test_cards import refuse_other_cards

pytestmark = pytest.mark.django_db

FILE = {
    "base": {"name": "stub", "weights_sha256": "0" * 64},
    "seed": 1,
    "epochs": 4,
    "machine": "x86_64",
    "variables_sha256": "1" * 64,
    "replay": "drawn photos",
    "reviewed": dict.fromkeys(
        (
            *("learned_from", "learned_cracked", "calibrated_on"),
            *("held_out", "held_out_cracked", "held_out_groups"),
        ),
        2,
    ),
    "recalibrated": {
        name: [0.3, 0.4] for name in ("scale", "offset", "clear_below", "flagged_from")
    },
}
"""What the file of a trained version says beside what it shares with a released one."""


@pytest.fixture
def admin() -> User:
    return make_user("admin", "reviewer")


@pytest.fixture
def trained(admin: User) -> ModelVersion:
    """Return a candidate whose run the site kept, with a file and figures as Keras gives them."""
    active_version()
    make_lessons(admin)
    retraining.execute(retraining.request_run(by=admin).pk)
    candidate = ModelVersion.objects.for_page().get(state="candidate")
    released = json.loads((RELEASED / "card.json").read_text(encoding="utf-8"))
    shared = {name: released[name] for name in released if name not in ("figures", "run")}
    ModelVersion.objects.filter(pk=candidate.pk).update(card=shared | FILE)
    kinds: Any = released["figures"]
    figures = {name: {"active": one, "candidate": one} for name, one in kinds.items()}
    Trial.objects.filter(candidate=candidate).update(figures=figures)
    candidate.refresh_from_db(fields=["card"])
    return candidate


def test_the_served_card_has_what_was_found_out_after_the_file_was_sealed(
    trained: ModelVersion, admin: User
) -> None:
    refuse_other_cards(trained.card)
    card = cards.served(trained, Trial.objects.newest_of(trained))
    refuse_other_cards(card)
    run = TrainingRun.objects.get()
    assert card["training_run"]["asked_for_by"] == str(admin)
    assert card["training_run"]["started_from"] == str(active_version())
    assert card["training_run"]["manifest_sha256"] == run.manifest_sha256
    assert card["training_run"]["photos"] == {
        "learn": {"structures": 3, "confirmed": 3, "dismissed": 3},
        "test": {"structures": 1, "confirmed": 1, "dismissed": 1},
    }
    assert card["training_run"]["seconds"] >= 0
    assert card["compared"]["beside"] == str(active_version())
    assert card["figures"]
    assert card["figures"].keys() == card["compared"]["beside_figures"].keys()


def test_serving_changes_neither_the_file_nor_its_seal(trained: ModelVersion) -> None:
    before = dict(trained.card)
    cards.served(trained, Trial.objects.newest_of(trained))
    trained.refresh_from_db()
    assert trained.card == before
    assert versions.problem(trained) is None


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("training_run", "manifest_sha256"),
        ("training_run", "asked_for_by"),
        ("compared", "findings"),
        ("compared", "beside"),
    ],
)
def test_a_served_card_that_leaves_something_out_is_refused(
    trained: ModelVersion, part: str, name: str
) -> None:
    card = cards.served(trained, Trial.objects.newest_of(trained))
    del card[part][name]
    with pytest.raises(jsonschema.ValidationError):
        refuse_other_cards(card)


def test_figures_without_a_comparison_are_refused(trained: ModelVersion) -> None:
    card = cards.served(trained, Trial.objects.newest_of(trained))
    del card["compared"]
    with pytest.raises(jsonschema.ValidationError):
        refuse_other_cards(card)


def test_page_and_file_show_it(trained: ModelVersion, admin: User, client: Client) -> None:
    client.force_login(admin)
    run = TrainingRun.objects.get()
    page = client.get(reverse("model", args=[trained.pk])).content.decode()
    assert f"asked for by {admin}" in page
    assert run.manifest_sha256 in page
    answer = client.get(reverse("model-card", args=[trained.pk]))
    assert answer.json() == cards.served(trained, Trial.objects.newest_of(trained))


def test_a_released_card_is_served_as_it_is_and_its_page_opens(admin: User, client: Client) -> None:
    """Its file tells the settings of its training, too: no run of this site."""
    client.force_login(admin)
    version = active_version()
    released = json.loads((RELEASED / "card.json").read_text(encoding="utf-8"))
    ModelVersion.objects.filter(pk=version.pk).update(card=released)
    answer = client.get(reverse("model", args=[version.pk]))
    assert answer.status_code == 200
    assert "asked for by" not in answer.content.decode()
    assert client.get(reverse("model-card", args=[version.pk])).json() == released
