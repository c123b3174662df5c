"""The released model on real photos of sites it never learned from, beside what its card says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_training import RELEASED
from ml_training.contracts import Verdict
from ml_training.dataset import Example, read_examples
from ml_training.evaluation import auc
from ml_training.inference import Classifier, load_classifier
from ml_training.photos import open_upright

pytestmark = pytest.mark.keras
OF_EACH_KIND = 30


@pytest.fixture(scope="module")
def released() -> Classifier:
    return load_classifier(RELEASED)


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[Example]:
    """Return sixty photos of walls, every second one cracked, spread over the source."""
    walls = [e for e in read_examples(shared_data) if e.source == "crosssite_concrete"]
    kinds = [[e for e in walls if e.cracked == cracked] for cracked in (True, False)]
    spread = [pile[:: len(pile) // OF_EACH_KIND][:OF_EACH_KIND] for pile in kinds]
    return [example for pair in zip(*spread, strict=True) for example in pair]


def card_of_walls(released: Classifier) -> Any:
    figures: Any = released.facts.card["figures"]
    return figures["crosssite_concrete"]


def test_sixty_photos_are_ranked_as_the_card_says(
    released: Classifier, photos: list[Example]
) -> None:
    scores = np.array([released.classify(e.path).score for e in photos])
    cracked = np.array([e.cracked for e in photos])
    assert auc(scores, cracked) == pytest.approx(card_of_walls(released)["auc"]["value"], abs=0.03)


def test_sixty_photos_get_the_verdicts_that_the_card_counts(
    released: Classifier, photos: list[Example]
) -> None:
    verdicts = [(e.cracked, released.classify(e.path).verdict) for e in photos]
    wrong: tuple[tuple[bool, Verdict], ...] = ((True, "clear"), (False, "flagged"))
    counts = card_of_walls(released)["confusion"]
    for kind, mistake in wrong:
        told = counts["cracked" if kind else "clear"]
        share = told[mistake] / sum(told.values())
        assert verdicts.count((kind, mistake)) / OF_EACH_KIND == pytest.approx(share, abs=0.1)


def resized(photo: Image.Image, share: float, method: Image.Resampling) -> Image.Image:
    return photo.resize((round(photo.width * share), round(photo.height * share)), method)


def kept(released: Classifier, photos: list[Example], *, long_side: int) -> int:
    """Count photos whose copy of 50–100 % of their size gets their verdict."""
    found = 0
    for example, share in zip(photos, np.linspace(0.5, 1.0, len(photos)), strict=True):
        photo = open_upright(example.path)
        photo = resized(photo, long_side / max(photo.size), Image.Resampling.BILINEAR)
        copy = resized(photo, share, Image.Resampling.BOX)
        found += released.judge(photo).verdict == released.judge(copy).verdict
    return found


def test_smaller_copies_of_a_photo_as_large_as_a_camera_gives_it_keep_its_verdict(
    released: Classifier, photos: list[Example]
) -> None:
    """Photos of twice the finest working side; the sixty are enlarged to it."""
    assert kept(released, photos, long_side=2 * max(released.serving.sides)) >= 0.95 * len(photos)


def test_most_smaller_copies_of_a_small_photo_keep_its_verdict(
    released: Classifier, photos: list[Example]
) -> None:
    """Photos of 448 px, whose copies are looked at with fewer pixels; the card has the figure."""
    assert kept(released, photos, long_side=448) >= 0.85 * len(photos)
