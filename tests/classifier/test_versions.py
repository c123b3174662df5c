"""The shipped model as a version of the site: kept, also when the next release ships another."""

from pathlib import Path

import pytest
from pytest_django import Settings

from classifier import versions
from classifier.engine import KerasEngine, StubEngine, engine
from classifier.models import ModelVersion

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
