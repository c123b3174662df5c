"""R10: what a card says is what its schema asks for, and the released model keeps its word."""

import json
from copy import deepcopy
from typing import Any

import jsonschema
import numpy as np
import pytest

from ml_training import RELEASED
from ml_training.comparing import golden_answers
from ml_training.contracts import GOLDEN_TOLERANCE, Thresholds
from ml_training.evaluation import photo_figures
from ml_training.inference import load_classifier
from tests.conftest import ROOT

SCHEMA = ROOT / "ml_training" / "card-schema.json"


def refuse_other_cards(card: object) -> None:
    """Raise ValidationError where a card is not as the schema says."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    kind(schema, format_checker=kind.FORMAT_CHECKER).validate(card)


@pytest.fixture
def card() -> Any:
    return json.loads((RELEASED / "card.json").read_text(encoding="utf-8"))


def test_the_released_card_is_as_its_schema_says(card: Any) -> None:
    refuse_other_cards(card)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format_version", 2),
        ("answers", ["crack", "clear"]),
        ("golden", [0.5]),
        ("golden", [1.5] * 20),
        ("photos_sha256", "abc"),
        ("figures", {}),
        ("figures", {"walls": {"photos": 3}}),
        ("limits", [""]),
        ("base", {"name": "it", "weights_sha256": "0" * 64}),
        ("made", 7),
    ],
)
def test_another_card_is_refused(card: Any, name: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        refuse_other_cards(deepcopy(card) | {name: value})


def figures(*cracked: bool) -> dict[str, Any]:
    """Give the figures of some photos, as the program computes them."""
    scores = np.linspace(0.05, 0.95, len(cracked))
    return photo_figures(scores, np.array(cracked), Thresholds(0.3, 0.7))


def test_one_kind_of_photos_needs_no_ranking_and_both_kinds_do(card: Any) -> None:
    for cracked in ((True, True), (False, False), (False, True, False, True)):
        refuse_other_cards(card | {"figures": {"walls": figures(*cracked)}})


@pytest.mark.parametrize("name", ["auc", "ece", "recall_at_10_percent_false_flags", "reliability"])
@pytest.mark.parametrize("value", [None, 0.9, {"value": 0.9}, [{"value": 0.9, "low": 0.8}]])
def test_figures_that_lack_an_interval_are_refused(card: Any, name: str, value: object) -> None:
    """None stands for figures that are left out."""
    found = figures(False, True, False, True) | {name: value}
    found = {name: one for name, one in found.items() if one is not None}
    with pytest.raises(jsonschema.ValidationError):
        refuse_other_cards(card | {"figures": {"walls": found}})


@pytest.mark.keras
@pytest.mark.parametrize("backend", ["openvino", "tensorflow"])
def test_the_released_model_gives_the_answers_that_its_card_records(
    card: Any, backend: Any
) -> None:
    answers = golden_answers(load_classifier(RELEASED, backend=backend))
    assert answers == pytest.approx(card["golden"], abs=GOLDEN_TOLERANCE)
