import json
import shutil
from pathlib import Path

import pytest

from ml_training import RELEASED, artifacts, compare, comparing
from ml_training.comparing import GOLDEN_PHOTOS
from ml_training.contracts import (
    GOLDEN_TOLERANCE,
    CompareRequest,
    Comparison,
    PhotoError,
    TrainingCancelled,
)
from ml_training.exporting import save_network
from ml_training.gate import MORE_MEMORY_MB
from ml_training.inference import Classifier, load_classifier
from ml_training.opening import open_network
from tests.ml_training.conftest import MakePhotos

pytestmark = pytest.mark.keras


def compared(candidate: Path, make_photos: MakePhotos) -> Comparison:
    request = CompareRequest(RELEASED, candidate, make_photos(4))
    return compare(request, on_photo=lambda *_: None, should_stop=lambda: False)


def with_card(out: Path, **changes: object) -> Path:
    """Copy the released model with another card."""
    shutil.copytree(RELEASED, out)
    card = json.loads((out / "card.json").read_text())
    (out / "card.json").write_text(json.dumps(card | changes))
    artifacts.write_sums(out)
    return out


def test_a_model_beside_itself_lacks_only_photos_to_compare_on(make_photos: MakePhotos) -> None:
    found = compared(RELEASED, make_photos)
    assert [finding.rule for finding in found.findings if not finding.passed] == ["photos"]
    assert [active for active, _ in found.scores] == [candidate for _, candidate in found.scores]
    assert set(found.figures["reviewed"]) == {"active", "candidate"}  # type: ignore[call-overload]  # JSON


def test_the_released_model_answers_as_when_it_was_written() -> None:
    difference = comparing.golden_difference(RELEASED)
    assert difference is not None
    assert difference <= GOLDEN_TOLERANCE


def test_a_model_that_answers_otherwise_than_recorded_is_seen_by_how_much(tmp_path: Path) -> None:
    strange = with_card(tmp_path / "strange", golden=[2.0] * GOLDEN_PHOTOS)
    difference = comparing.golden_difference(strange)
    assert difference is not None
    assert 1 < difference <= 2
    assert comparing.golden_difference(with_card(tmp_path / "silent", golden=None)) is None


def test_answers_other_than_those_recorded_are_refused(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    strange = with_card(tmp_path / "strange", golden=[0.5] * GOLDEN_PHOTOS)
    rules = [f.rule for f in compared(strange, make_photos).findings if not f.passed]
    assert rules == ["photos", "golden answers"]


def test_a_network_whose_classes_are_swapped_is_refused_whatever_its_card_says(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    """R26: all of its logits have the other sign."""
    network = open_network(RELEASED)
    network.layers[-1].set_weights([-weights for weights in network.layers[-1].get_weights()])
    files = save_network(network, tmp_path)
    artifacts.write_folder(
        tmp_path / "swapped",
        files=files,
        serving=artifacts.read_serving(RELEASED),
        card=artifacts.read_facts(RELEASED).card,
    )
    found = compared(tmp_path / "swapped", make_photos).findings
    assert {"drawn photos", "golden answers"} <= {f.rule for f in found if not f.passed}


def test_a_card_that_lost_its_recorded_answers_is_refused(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    silent = with_card(tmp_path / "silent", golden=None, base={"name": "hairline"})
    rules = [f.rule for f in compared(silent, make_photos).findings if not f.passed]
    assert rules == ["photos", "golden answers"]


def test_a_candidate_that_cannot_be_opened_is_refused_in_a_sentence(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    (finding,) = compared(tmp_path / "nothing", make_photos).findings
    assert (finding.rule, finding.passed) == ("files", False)


def chunks(megabytes: int) -> list[bytearray]:
    return [bytearray(4000) for _ in range(megabytes * 250)]


def test_memory_that_a_candidate_takes_shows_also_where_a_training_left_some_free(
    make_photos: MakePhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = with_card(tmp_path / "large")
    held = []

    def loaded(folder: Path) -> Classifier:
        if folder == large:
            held.append(chunks(int(MORE_MEMORY_MB) + 100))
        return load_classifier(folder)

    monkeypatch.setattr(comparing, "load_classifier", loaded)
    left_free = chunks(600)
    kept = left_free[::100]  # so that the C library cannot shrink by itself
    left_free.clear()
    rules = [f.rule for f in compared(large, make_photos).findings if not f.passed]
    assert rules == ["photos", "memory"]
    assert kept
    small = with_card(tmp_path / "small")
    rules = [f.rule for f in compared(small, make_photos).findings if not f.passed]
    assert rules == ["photos"]


def test_a_comparison_stops_when_asked_to(make_photos: MakePhotos) -> None:
    request = CompareRequest(RELEASED, RELEASED, make_photos(4))
    with pytest.raises(TrainingCancelled):
        compare(request, on_photo=lambda *_: None, should_stop=lambda: True)


def test_a_photo_that_cannot_be_read_is_named(make_photos: MakePhotos) -> None:
    photos = make_photos(4)
    photos[2].path.write_bytes(photos[2].path.read_bytes()[:900])
    request = CompareRequest(RELEASED, RELEASED, photos)
    with pytest.raises(PhotoError, match=r"photo-02\.jpg"):
        compare(request, on_photo=lambda *_: None, should_stop=lambda: False)
