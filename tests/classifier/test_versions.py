"""The shipped model as a version of the site: kept, also when the next release ships another."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from classifier import seals, versions
from classifier.engine import KerasEngine, ModelFileError, StubEngine, engine
from classifier.models import ModelVersion
from tests.factories import make_user

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
    assert version.name == f"stub ({version.weights_sha256[:8]})"


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
    active, before, _ = three
    shutil.rmtree(versions.model_folder(active))
    previous = versions.previous()
    assert previous == before
    assert versions.activate(previous, by=make_user("admin")).state == "active"


def test_what_is_active_and_what_was_before_are_never_discarded(
    three: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    active, previous, other = three
    monkeypatch.setattr(versions, "FEWEST_KEPT", 1)
    for needed in (active, previous):
        with pytest.raises(versions.CannotDiscard):
            versions.discard(needed, by=make_user("admin"))
    versions.discard(other, by=make_user("admin"))
    kept = [versions.model_folder(version).exists() for version in (active, previous, other)]
    assert kept == [True, True, False]


def test_the_last_three_versions_are_kept(three: list[ModelVersion]) -> None:
    with pytest.raises(versions.CannotDiscard, match="The last 3 versions are kept"):
        versions.discard(three[2], by=make_user("admin"))
