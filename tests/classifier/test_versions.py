"""The shipped model as a version of the site: kept, also when the next release ships another."""

import json
import shutil
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from pytest_django import Settings

import ml_training
from classifier import gate, overriding, seals, versions
from classifier.engine import KerasEngine, ModelFileError, StubEngine, engine
from classifier.models import ModelVersion
from ml_training import artifacts
from tests.factories import make_candidate, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _models(tmp_path: Path, settings: Settings) -> None:
    settings.MODELS_ROOT = tmp_path / "models"


def upgraded(monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """Start the site again with a release that ships another model."""
    monkeypatch.setattr(StubEngine, "NAME", "stub-2")
    return versions.register_released()


def test_an_upgrade_leaves_the_active_version_its_own_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = versions.register_released()
    shipped = upgraded(monkeypatch)
    assert (shipped.state, ModelVersion.objects.active()) == ("candidate", before)
    for version in (before, shipped):
        facts = engine().read_facts(versions.model_folder(version))
        assert facts.weights_sha256 == version.weights_sha256


def test_a_start_registers_the_shipped_model_once() -> None:
    assert versions.register_released() == versions.register_released()
    assert ModelVersion.objects.count() == 1


def test_another_model_of_the_same_name_is_told_apart() -> None:
    ModelVersion.objects.create(
        name="stub", weights_sha256="0" * 64, clear_below=0.1, flagged_from=0.2, state="active"
    )
    version = versions.register_released()
    assert version.name == f"stub ({version.files_sha256[:8]})"


def shipped_with(serving: dict[str, object], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the release ship the real weights, served otherwise, under another name."""
    folder = Path(settings.MODELS_ROOT).parent / "release"
    if not folder.exists():
        shutil.copytree(KerasEngine.released, folder)
    for file, changes in (("thresholds.json", serving), ("card.json", {"name": name})):
        written = json.loads((folder / file).read_text()) | changes
        (folder / file).write_text(json.dumps(written))
    artifacts.write_sums(folder)
    monkeypatch.setattr(KerasEngine, "released", folder)
    for module in (versions, seals):
        monkeypatch.setattr(module, "engine", KerasEngine)


@pytest.mark.parametrize("name", ["hairline-1.1", "hairline-1.2"])
def test_the_same_weights_with_other_settings_come_as_a_candidate(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shipped_with({}, "hairline-1.1", monkeypatch)
    before = versions.register_released()
    shipped_with({"thresholds": {"clear_below": 0.1, "flagged_from": 0.6}}, name, monkeypatch)
    shipped = versions.register_released()
    assert (shipped.state, ModelVersion.objects.active()) == ("candidate", before)
    assert (before.weights_sha256, shipped.flagged_from) == (shipped.weights_sha256, 0.6)
    assert shipped.name == (name if name != before.name else f"{name} ({shipped.files_sha256[:8]})")
    assert [versions.problem(version) for version in (before, shipped)] == [None, None]
    assert versions.register_released() == shipped
    assert ModelVersion.objects.shipped() == shipped


def test_a_version_from_before_the_hash_is_known_by_its_seal_and_keeps_its_folder() -> None:
    """As an earlier release wrote it, whose files the migration could not reach."""
    version = versions.register_released()
    folder = versions.model_folder(version)
    then = {"folder": "", "files_sha256": ""}
    ModelVersion.objects.by_id(version.pk).update(**then)
    shutil.move(folder, folder.with_name(f"released-{version.weights_sha256[:16]}"))
    again = versions.register_released()
    assert (again, again.files_sha256) == (version, version.files_sha256)
    assert versions.problem(again) is None


def test_migrating_gives_the_versions_that_are_there_their_hash() -> None:
    version, changed = versions.register_released(), make_candidate("changed")
    (versions.model_folder(changed) / "card.json").write_text('{"name": "another"}')
    ModelVersion.objects.update(files_sha256="")
    import_module("classifier.migrations.0023_files_sha256").hash_all(apps, None)
    hashes = dict(ModelVersion.objects.values_list("name", "files_sha256"))
    assert hashes == {"stub": version.files_sha256, "changed": ""}


def test_files_other_than_those_registered_are_a_problem_also_when_sealed_anew() -> None:
    version = make_candidate()
    ModelVersion.objects.by_id(version.pk).update(files_sha256="0" * 64)
    version.refresh_from_db()
    assert "differ from those that were registered" in str(versions.problem(version))


def test_a_worker_follows_a_folder_whose_files_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[bytes] = []

    class Opened:
        def __init__(self, folder: Path) -> None:
            opened.append((folder / "SHA256SUMS").read_bytes())

        def classify(self, _image: Path) -> None: ...

    monkeypatch.setattr(ml_training, "load_classifier", Opened)
    worker, sums = KerasEngine(), tmp_path / "SHA256SUMS"
    for content in (b"one", b"one", b"two"):
        sums.write_bytes(content)
        worker.classify(tmp_path / "photo.jpg", model=tmp_path)
    assert opened == [b"one", b"two"]


@pytest.mark.parametrize("error", [ModelFileError("NaN"), PermissionError(), MemoryError()])
def test_a_folder_that_does_not_load_leaves_the_loaded_network_in_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    opened: list[str] = []

    class Opened:
        def __init__(self, folder: Path) -> None:
            opened.append(folder.name)
            if folder.name == "newer":
                raise error
            self.name = folder.name

        def classify(self, _image: Path) -> str:
            return self.name

    monkeypatch.setattr(ml_training, "load_classifier", Opened)
    worker, old, newer = KerasEngine(), tmp_path / "old", tmp_path / "newer"
    for folder in (old, newer):
        folder.mkdir()
        (folder / "SHA256SUMS").write_text(folder.name)
    assert str(worker.classify(tmp_path / "photo.jpg", model=old)) == "old"
    with pytest.raises(ModelFileError):
        worker.classify(tmp_path / "photo.jpg", model=newer)
    assert str(worker.classify(tmp_path / "photo.jpg", model=old)) == "old"
    assert opened == ["old", "newer"], "the old network is not loaded again"


def test_the_shipped_model_is_copied_whole(tmp_path: Path) -> None:
    KerasEngine().keep_released(tmp_path / "models" / "kept")
    kept = {path.name: path.read_bytes() for path in (tmp_path / "models" / "kept").iterdir()}
    assert kept == {path.name: path.read_bytes() for path in KerasEngine.released.iterdir()}
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["kept"]


# --- seals ---
def test_a_folder_changed_with_its_checksums_is_not_opened(settings: Settings) -> None:
    version = versions.register_released()
    assert versions.sealed_folder(version) == versions.model_folder(version)
    (versions.model_folder(version) / "card.json").write_text('{"name": "another"}')
    with pytest.raises(ModelFileError, match="its seal does not fit"):
        versions.sealed_folder(version)


def test_a_seal_made_without_the_key_does_not_fit(settings: Settings) -> None:
    version = versions.register_released()
    settings.MODEL_KEY = "another key"
    with pytest.raises(ModelFileError, match="Nothing in it was opened"):
        versions.sealed_folder(version)


def test_the_checksums_of_a_real_model_are_what_is_sealed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(seals, "engine", KerasEngine)
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("0  classifier.keras")
    sealed = seals.seal(tmp_path)
    seals.check(tmp_path, sealed)
    sums.write_text("1  classifier.keras")
    with pytest.raises(ModelFileError):
        seals.check(tmp_path, sealed)


# --- the way back, and what may go ---
@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> list[ModelVersion]:
    """Return the active version, the one before it and another."""
    admin, made = make_user("admin"), [versions.register_released()]
    for name in ("stub-2", "stub-3"):
        monkeypatch.setattr(StubEngine, "NAME", name)
        made.append(versions.register_released())
    versions.activate(made[1], by=admin, reason="newer")
    return [made[1], made[0], made[2]]


def test_rolling_back_works_when_the_current_file_is_gone(three: list[ModelVersion]) -> None:
    """R24."""
    active, before, _ = three
    shutil.rmtree(versions.model_folder(active))
    previous = versions.previous()
    assert previous == before
    assert versions.activate(previous, by=make_user("admin")).state == "active"


def test_only_the_version_before_comes_back_without_a_reason(three: list[ModelVersion]) -> None:
    before, oldest, newest = three
    admin = make_user("admin")
    versions.activate(newest, by=admin, reason="newer still")
    assert versions.objection(before) == ""
    assert "not compared with stub-3" in versions.objection(oldest)
    with pytest.raises(overriding.AgainstTheGate):
        versions.activate(oldest, by=admin)
    assert gate.compare(oldest).passed
    assert versions.activate(oldest, by=admin).state == "active"


def test_what_is_active_and_what_was_before_are_never_discarded(
    three: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R27."""
    active, previous, other = three
    monkeypatch.setattr(versions, "FEWEST_KEPT", 0)
    for needed in (active, previous):
        with pytest.raises(versions.CannotDiscard):
            versions.discard(needed, by=make_user("admin"))
    versions.discard(other, by=make_user("admin"))
    kept = [versions.model_folder(version).exists() for version in (active, previous, other)]
    assert kept == [True, True, False]


def test_the_last_three_versions_are_kept(three: list[ModelVersion]) -> None:
    with pytest.raises(versions.CannotDiscard, match="The newest 3 versions are kept"):
        versions.discard(three[2], by=make_user("admin"))


def test_of_many_versions_the_newest_three_are_kept(three: list[ModelVersion]) -> None:
    *older, one, two, newest = [three[2], *(make_candidate(f"later {n}") for n in range(4))]
    for version in (newest, two, one):
        assert "The newest 3 versions are kept" in versions.is_needed(
            version, back=versions.previous()
        )
    for version in older:
        versions.discard(version, by=make_user("admin"))
    for version in (newest, two, one):
        assert "The newest 3 versions are kept" in versions.is_needed(
            version, back=versions.previous()
        )


def test_what_a_roll_back_left_is_kept_until_another_version_is_left(
    three: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R27: an admin may want it back."""
    left, before, _ = three
    admin = make_user("admin")
    monkeypatch.setattr(versions, "FEWEST_KEPT", 0)
    versions.activate(before, by=admin)
    left.refresh_from_db()
    with pytest.raises(versions.CannotDiscard, match="may be wanted again"):
        versions.discard(left, by=admin)
    versions.activate(left, by=admin, reason="It was better.")
    before.refresh_from_db()
    versions.activate(make_candidate("later"), by=admin, reason="newer")
    versions.discard(before, by=admin)
    assert versions.model_folder(left).exists()
