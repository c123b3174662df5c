import json
import resource
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

import ml_training
from classifier import classification, engine, images, intake, photo_files, versions
from classifier.engine import KerasEngine, StubEngine
from classifier.models import ModelVersion, Photo, Prediction
from classifier.models.photo_queue import MAX_ATTEMPTS
from classifier.states import PhotoState, Verdict
from tests.factories import (
    CRACK,
    DOUBT,
    SOUND,
    active_version,
    classify,
    make_candidate,
    make_classified,
    make_photo,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _active() -> None:
    active_version()


@pytest.mark.parametrize(
    ("colour", "verdict"),
    [(CRACK, Verdict.FLAGGED), (DOUBT, Verdict.UNDECIDED), (SOUND, Verdict.CLEAR)],
)
def test_a_photo_gets_the_verdict_of_its_pixels(
    colour: tuple[int, int, int], verdict: Verdict
) -> None:
    photo = classify(make_photo(colour=colour))
    assert photo.state == PhotoState.CLASSIFIED
    assert photo.prediction is not None
    assert photo.prediction.verdict == verdict


def test_a_prediction_keeps_version_weights_and_thresholds() -> None:
    version = active_version()
    prediction = make_classified().prediction
    assert prediction is not None
    assert prediction.model_version == version
    assert prediction.weights_sha256 == version.weights_sha256
    assert (prediction.clear_below, prediction.flagged_from) == (0.3, 0.7)
    assert prediction.regions.count() == 1


def test_derived_images_and_the_evidence_map_are_kept() -> None:
    photo = make_classified()
    names = {path.name for path in photo_files.derived(photo).iterdir()}
    stem = photo_files.evidence_stem(active_version().pk)
    assert names == {"working.jpg", "thumbnail.jpg", f"{stem}.png", f"{stem}-overlay.png"}


def test_classifying_twice_changes_nothing() -> None:
    photo = make_classified()
    assert not classification.classify(photo.pk, claimant="another")
    assert Prediction.objects.filter(photo=photo).count() == 1


def test_a_photo_held_by_another_worker_is_left_alone() -> None:
    photo = make_photo()
    lease, now = timedelta(seconds=60), timezone.now()
    assert Photo.objects.claim(photo.pk, claimant="first", lease=lease, now=now)
    assert not classification.classify(photo.pk, claimant="second")


def test_a_redelivered_message_takes_over_its_own_claim() -> None:
    photo = make_photo()
    Photo.objects.claim(photo.pk, claimant="same", lease=timedelta(60), now=timezone.now())
    assert classify(photo, "same").state == PhotoState.CLASSIFIED


def test_a_lapsed_lease_frees_the_photo() -> None:
    photo = make_photo()
    Photo.objects.claim(photo.pk, claimant="dead", lease=timedelta(-1), now=timezone.now())
    assert classify(photo, "alive").state == PhotoState.CLASSIFIED


def test_an_answer_that_comes_too_late_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo()
    judge = StubEngine.classify

    def lose_the_claim(*args: object, **kwargs: object) -> object:
        Photo.objects.by_id(photo.pk).update(claimed_by="another", attempts=2)
        return judge(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(StubEngine, "classify", lose_the_claim)
    assert not classification.classify(photo.pk, claimant="slow")
    assert not Prediction.objects.exists()


def test_a_truncated_photo_ends_unreadable_with_a_sentence() -> None:
    photo = make_photo()
    path = photo_files.original(photo)
    path.write_bytes(path.read_bytes()[:400])
    Photo.objects.by_id(photo.pk).update(sha256=photo_files.sha256_of(path))
    classify(photo)
    assert photo.state == PhotoState.UNREADABLE
    assert "damaged" in photo.reason


def test_a_changed_original_is_never_classified() -> None:
    photo = make_photo()
    with photo_files.original(photo).open("ab") as file:
        file.write(b"!")
    classify(photo)
    assert photo.state == PhotoState.UNREADABLE
    assert "has changed since its upload" in photo.reason


def test_a_missing_original_ends_unreadable() -> None:
    photo = make_photo()
    photo_files.original(photo).unlink()
    assert "is missing" in classify(photo).reason


def test_a_photo_that_wants_all_memory_ends_unreadable_and_the_next_is_classified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F06."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with monkeypatch.context() as patch:
        patch.setattr(images, "write_working_images", lambda *_: bytearray(3 << 30))
        greedy = classify(make_photo())
    assert greedy.state == PhotoState.UNREADABLE
    assert "needs more memory" in greedy.reason
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert classify(make_photo()).state == PhotoState.CLASSIFIED


def test_a_photo_that_fails_three_times_is_quarantined(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the network fell over")

    monkeypatch.setattr(StubEngine, "classify", fail)
    states = [classify(photo, f"try {number}").state for number in range(MAX_ATTEMPTS)]
    assert states == [PhotoState.WAITING, PhotoState.WAITING, PhotoState.QUARANTINED]
    assert "failed 3 times" in photo.reason


def test_a_broken_model_is_not_the_photos_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photo()

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise engine.ModelFileError("checksums differ")

    monkeypatch.setattr(StubEngine, "classify", refuse)
    assert (classify(photo).state, photo.attempts) == (PhotoState.WAITING, 0)


@pytest.fixture
def newest() -> ModelVersion:
    """Return the active version; the shipped one was active before."""
    return versions.activate(make_candidate(), by=make_user("admin"), reason="newer")


def test_a_whole_version_that_does_not_load_gives_way_and_the_photo_is_judged(
    newest: ModelVersion,
) -> None:
    """F40."""
    card = versions.model_folder(newest) / "card.json"
    card.write_text(json.dumps({"name": newest.name, "unloadable": True}))
    assert versions.problem(newest) is None
    photo = classify(make_photo())
    assert (photo.state, photo.attempts) == (PhotoState.WAITING, 0)
    newest.refresh_from_db()
    assert (newest.state, newest.failure) == (
        "candidate",
        f"{versions.model_folder(newest).name} is whole and cannot be loaded.",
    )
    photo = classify(photo)
    assert photo.prediction is not None
    assert photo.prediction.model_version == active_version()


@pytest.mark.parametrize(
    "error", [PermissionError("classifier.bin"), FileNotFoundError("classifier.bin"), MemoryError()]
)
def test_a_network_out_of_reach_is_the_models_fault_and_the_site_goes_back(
    newest: ModelVersion, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """F40: no photo is called unreadable for it."""
    loading, worker = versions.model_folder(newest), KerasEngine()

    def load(folder: Path) -> None:
        assert folder == loading
        raise error

    monkeypatch.setattr(ml_training, "load_classifier", load)
    monkeypatch.setattr(KerasEngine, "sums", StubEngine().sums)
    monkeypatch.setattr(StubEngine, "classify", worker.classify)
    photo = make_photo()
    classification.classify(photo.pk, claimant="worker")
    photo.refresh_from_db()
    assert (photo.state, photo.attempts, photo.reason) == (PhotoState.WAITING, 0, "")
    assert ModelVersion.objects.active() == active_version()
    assert list(ModelVersion.objects.alarming()) == [newest]


@pytest.mark.parametrize("error", [PermissionError("a library"), MemoryError()])
def test_a_network_that_fails_over_a_photo_does_not_call_it_unreadable(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(StubEngine, "classify", fail)
    photo = classify(make_photo())
    assert (photo.state, photo.attempts, photo.reason) == (PhotoState.WAITING, 1, "")


def test_no_active_version_leaves_photos_waiting() -> None:
    ModelVersion.objects.update(state="retired")
    photo = classify(make_photo())
    assert (photo.state, photo.attempts) == (PhotoState.WAITING, 0)


def test_workers_that_die_three_times_on_a_photo_quarantine_it() -> None:
    photo = make_photo()
    for number in range(MAX_ATTEMPTS):
        Photo.objects.claim(photo.pk, claimant=str(number), lease=timedelta(-1), now=timezone.now())
    assert classification.quarantine_exhausted(timezone.now()) == 1
    photo.refresh_from_db()
    assert photo.state == PhotoState.QUARANTINED


def test_the_sweeper_rings_a_due_photo_once_per_lease() -> None:
    photo, now = make_photo(), timezone.now()
    assert classification.take_waiting(now) == [photo.pk]
    assert classification.take_waiting(now) == []
    assert classification.take_waiting(now + timedelta(seconds=61)) == [photo.pk]


def test_a_claim_and_a_bell_of_a_clock_that_ran_ahead_do_not_hold_a_photo_up() -> None:
    photo, now = make_photo(), timezone.now()
    ahead = now + timedelta(hours=2)
    assert classification.take_waiting(ahead) == [photo.pk]
    assert classification.take_waiting(now) == [photo.pk]
    Photo.objects.claim(photo.pk, claimant="ahead", lease=classification.lease(), now=ahead)
    assert classification.take_abandoned(now + classification.lease() * 1.1) == [photo.pk]
    assert classify(photo).state == PhotoState.CLASSIFIED


def test_a_decision_outlives_a_classification_by_a_new_version() -> None:
    reviewer = make_user("reviewer")
    photo = make_reviewed(make_photo().photo_set, "confirmed", by=reviewer)
    second = versions.activate(make_candidate(), by=make_user("admin"), reason="newer")
    assert intake.retry(photo, by=photo.uploaded_by)
    classify(photo)
    assert photo.prediction is not None
    assert photo.prediction.model_version == second
    assert photo.decision is not None
    assert photo.decision.outcome == "confirmed"
    assert photo.predictions.count() == 2


def test_working_images_carry_no_exif() -> None:
    photo = make_classified()
    facts = images.read_capture_facts(photo_files.working(photo))
    assert (facts.camera, facts.taken_at, facts.latitude) == ("", None, None)
