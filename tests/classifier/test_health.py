from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from classifier import gate, health, seals, tasks, versions
from classifier.engine import engine
from classifier.models import AuditEvent, ModelVersion, Pulse
from classifier.states import VersionState
from tests.factories import active_version, make_candidate, make_user

pytestmark = pytest.mark.django_db


def test_a_swept_site_is_healthy_until_the_sweeper_falls_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    active_version()
    monkeypatch.setattr(tasks, "_messages_waiting", lambda: 0)
    assert not health.is_healthy(timezone.now())
    tasks.sweep()
    assert health.is_healthy(timezone.now())
    assert not health.is_healthy(timezone.now() + timedelta(seconds=91))


def test_without_an_active_model_nothing_is_ready() -> None:
    Pulse.objects.beat(health.SWEEP)
    assert not health.is_ready()


@pytest.mark.parametrize(("path", "status"), [("/healthz", 503), ("/readyz", 200)])
def test_monitoring_is_told_one_word(client: Client, path: str, status: int) -> None:
    active_version()
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json() == {"status": "ok" if status == 200 else "degraded"}


# --- a version that cannot be used ---
@pytest.fixture
def broken() -> ModelVersion:
    """Return an active version without files; the shipped one was active before."""
    shipped = active_version()
    ModelVersion.objects.by_id(shipped.pk).move(VersionState.RETIRED)
    return ModelVersion.objects.create(
        name="broken",
        folder="nowhere",
        state=VersionState.ACTIVE,
        weights_sha256="0" * 64,
        clear_below=0.3,
        flagged_from=0.7,
    )


def test_a_broken_version_gives_way_to_the_one_before(broken: ModelVersion) -> None:
    earlier = versions.fall_back(broken, why="gone")
    assert earlier is not None
    assert ModelVersion.objects.active() == earlier
    assert AuditEvent.objects.last_subject("model version activated") == earlier.pk
    failed = AuditEvent.objects.get(action="model version failed")
    assert (failed.subject_id, failed.actor, failed.detail) == (broken.pk, None, {"why": "gone"})


def test_a_version_that_is_no_longer_active_takes_nobody_down(broken: ModelVersion) -> None:
    earlier = versions.fall_back(broken, why="gone")
    assert versions.fall_back(broken, why="gone") is None
    assert ModelVersion.objects.active() == earlier


def test_with_nothing_to_fall_back_on_photos_wait_and_it_is_told_once(
    broken: ModelVersion,
) -> None:
    ModelVersion.objects.filter(state=VersionState.RETIRED).update(weights_sha256="1" * 64)
    assert versions.fall_back(broken, why="gone") is None
    assert versions.fall_back(broken, why="gone") is None
    assert ModelVersion.objects.active() == broken
    assert AuditEvent.objects.filter(action="model version failed").count() == 1
    assert list(ModelVersion.objects.alarming()) == [broken]


def test_versions_that_fail_one_after_the_other_do_not_take_turns(broken: ModelVersion) -> None:
    earlier = versions.fall_back(broken, why="gone")
    assert earlier is not None
    versions.model_folder(broken).mkdir()
    ModelVersion.objects.by_id(broken.pk).update(**whole(versions.model_folder(broken)))
    assert versions.problem(ModelVersion.objects.get(pk=broken.pk)) is None
    assert versions.fall_back(earlier, why="no memory") is None
    assert ModelVersion.objects.active() == earlier


def test_by_itself_the_site_goes_back_to_what_passed_before_what_did_not() -> None:
    admin = make_user("admin")
    shipped, refused, passed = active_version(), make_candidate("refused"), make_candidate("passed")
    versions.activate(refused, by=admin, reason="It knows our joints.")
    assert gate.compare(passed).passed
    versions.activate(passed, by=admin)
    assert versions.previous() == refused, "An admin may go back to it."
    assert versions.fall_back(passed, why="gone") == shipped


def test_what_was_left_for_an_earlier_version_does_not_come_back_by_itself() -> None:
    admin, shipped, left = make_user("admin"), active_version(), make_candidate()
    versions.activate(left, by=admin, reason="newer")
    versions.activate(shipped, by=admin)
    assert versions.fall_back(shipped, why="gone") is None


def whole(folder: Path) -> dict[str, str]:
    """Write a model's files and return what is registered of them."""
    (folder / "card.json").write_text('{"name": "mended"}')
    facts = engine().read_facts(folder)
    return {
        "weights_sha256": facts.weights_sha256,
        "files_sha256": facts.files_sha256,
        "seal": seals.seal(folder),
    }


# --- how long it is told ---
@pytest.fixture
def fallen_back(broken: ModelVersion) -> ModelVersion:
    """Return the version that took over; the sweeper runs."""
    Pulse.objects.beat(health.SWEEP)
    assert health.is_healthy(timezone.now())
    earlier = versions.fall_back(broken, why="gone")
    assert earlier is not None
    assert not health.is_healthy(timezone.now())
    assert health.is_ready()
    assert versions.previous() is None
    return earlier


def test_a_reversion_is_told_until_an_admin_stays_with_it(fallen_back: ModelVersion) -> None:
    admin = make_user("admin")
    assert versions.activate(fallen_back, by=admin) == fallen_back
    assert health.is_healthy(timezone.now())
    assert AuditEvent.objects.get(action="model version failure seen").actor == admin
    assert versions.previous() is None, "a version that failed is no way back"


def test_a_reversion_is_told_until_an_admin_activates_another(fallen_back: ModelVersion) -> None:
    versions.activate(make_candidate(), by=make_user("admin"), reason="newer")
    assert health.is_healthy(timezone.now())
    assert versions.previous() == fallen_back


def test_a_reversion_is_told_until_the_broken_version_is_discarded(
    fallen_back: ModelVersion, broken: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "FEWEST_KEPT", 1)
    make_candidate("later")
    versions.discard(broken, by=make_user("admin"))
    assert health.is_healthy(timezone.now())


def test_a_mended_version_is_a_way_back_again(
    fallen_back: ModelVersion, broken: ModelVersion
) -> None:
    admin = make_user("admin")
    versions.model_folder(broken).mkdir()
    ModelVersion.objects.by_id(broken.pk).update(**whole(versions.model_folder(broken)))
    broken.refresh_from_db()
    versions.activate(broken, by=admin, reason="mended")
    assert versions.previous() == fallen_back
    versions.activate(make_candidate(), by=admin, reason="newer")
    assert versions.previous() == broken
