"""A small retraining on real concrete: the scores of walls that it did not see keep their scale."""

from pathlib import Path

import numpy as np
import pytest

from ml_training import RELEASED, retrain
from ml_training.contracts import LabelledPhoto, RetrainRequest
from ml_training.dataset import Example, read_examples
from ml_training.inference import Classifier, load_classifier
from ml_training.photos import open_upright

pytestmark = [pytest.mark.keras, pytest.mark.timeout(800)]
LEARNED, MEASURED = 16, 16


def test_scores_of_unseen_cracks_keep_their_scale(shared_data: Path, tmp_path: Path) -> None:
    walls = [e for e in read_examples(shared_data) if e.source == "crosssite_concrete"]
    kinds = [[e for e in walls if e.cracked == cracked][::7] for cracked in (True, False)]
    learned = [example for pile in kinds for example in pile[:LEARNED]]
    photos = tuple(LabelledPhoto(e.path, e.cracked, "wall", key=e.path.name) for e in learned)
    out = tmp_path / "candidate"
    request = RetrainRequest(photos, frozenset(), RELEASED, out, None, 4, 1, "candidate")
    retrain(request, on_progress=lambda _: None, should_stop=lambda: False)
    base, candidate = load_classifier(RELEASED), load_classifier(out)
    cracks = kinds[0][LEARNED : LEARNED + MEASURED]
    before = odds(base, cracks)
    calibrated = abs(np.median(odds(candidate, cracks) - before))
    plain = abs(np.median(odds(candidate.served_as(base.serving), cracks) - before))
    assert calibrated < 0.35
    assert calibrated < plain / 2, "As trained it moves by far more."


def odds(model: Classifier, photos: list[Example]) -> np.ndarray:
    side, photo = max(model.serving.sides), model.serving.photo
    logits = [model.look(open_upright(e.path, max_side=side)).logit for e in photos]
    return photo.scale * np.array(logits) + photo.offset
