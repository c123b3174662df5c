from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from classifier import health, tasks, versions
from classifier.models import AuditEvent, ModelVersion, Pulse
from classifier.states import VersionState
from tests.factories import active_version

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
    earlier = versions.fall_back(broken)
    assert earlier is not None
    assert ModelVersion.objects.active() == earlier
    assert AuditEvent.objects.last_subject("model version activated") == earlier.pk


def test_a_version_that_works_never_gives_way() -> None:
    assert versions.fall_back(active_version()) is None


def test_with_nothing_to_fall_back_on_photos_wait(broken: ModelVersion) -> None:
    ModelVersion.objects.filter(state=VersionState.RETIRED).update(weights_sha256="1" * 64)
    assert versions.fall_back(broken) is None
    assert ModelVersion.objects.active() == broken
