"""R22: whoever presses at the same instant, one version is active and each change is on record."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from classifier import gate, overriding, thresholds, versions
from classifier.models import AuditEvent, ModelVersion, User
from classifier.models.model_version import ModelVersionQuerySet
from tests.factories import active_version, make_candidate, make_user


def activated(version: ModelVersion, *, by: User) -> bool:
    try:
        versions.activate(version, by=by, reason="at once")
    except overriding.AgainstTheGate:
        return False
    return True


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_fifty_activations_at_once_one_version_is_left_active() -> None:
    before, admin = active_version(), make_user("admin")
    candidates = [make_candidate(f"candidate {number}") for number in range(5)]

    def activate(number: int) -> None:
        try:
            while not activated(candidates[number % 5], by=admin):
                pass  # another was faster: the reason was given against what was active before
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(activate, range(50)))
    active = ModelVersion.objects.get(state="active")
    assert active in candidates
    states = dict(ModelVersion.objects.values_list("name", "state"))
    others = {state for name, state in states.items() if name != active.name}
    assert others <= {"retired", "candidate"}
    changes = AuditEvent.objects.filter(action="model version activated").order_by("id")
    assert changes.last().subject_id == active.pk  # type: ignore[union-attr]  # there are some
    chain = [(event.subject, event.detail["instead_of"]) for event in changes]
    assert [earlier for _, earlier in chain[1:]] == [later for later, _ in chain[:-1]]
    assert before.name in {earlier for _, earlier in chain}


Faster = Callable[[Callable[[], object]], None]


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> Faster:
    """Let something happen at the last instant before an activation has the lock."""
    lock = ModelVersionQuerySet.locked

    def install(act: Callable[[], object]) -> None:
        def locked(self: ModelVersionQuerySet) -> ModelVersionQuerySet:
            monkeypatch.setattr(ModelVersionQuerySet, "locked", lock)
            act()
            return lock(self)

        monkeypatch.setattr(ModelVersionQuerySet, "locked", locked)

    return install


@pytest.fixture
def compared() -> ModelVersion:
    """Return a candidate that passed beside the active version."""
    active_version()
    candidate = make_candidate("compared")
    assert gate.compare(candidate).passed
    return candidate


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "It knows our joints."])
def test_what_was_compared_with_one_version_does_not_replace_another(
    compared: ModelVersion, faster: Faster, reason: str
) -> None:
    admin, other = make_user("admin"), make_candidate("other")
    faster(lambda: versions.activate(other, by=admin, reason="newer"))
    with pytest.raises(overriding.AgainstTheGate, match="not compared with other"):
        versions.activate(compared, by=admin, reason=reason)
    assert ModelVersion.objects.active() != compared


@pytest.mark.django_db
def test_thresholds_moved_at_the_last_instant_are_noticed(
    compared: ModelVersion, faster: Faster
) -> None:
    admin, active = make_user("admin"), active_version()
    faster(lambda: thresholds.move(compared, clear_below=0.01, flagged_from=0.7, by=admin))
    with pytest.raises(overriding.AgainstTheGate, match="thresholds that both have now"):
        versions.activate(compared, by=admin)
    assert ModelVersion.objects.active() == active


@pytest.mark.django_db
def test_pressing_twice_activates_once(compared: ModelVersion, faster: Faster) -> None:
    admin = make_user("admin")
    faster(lambda: versions.activate(compared, by=admin))
    assert versions.activate(compared, by=admin).state == "active"
    action = "model version activated"
    assert AuditEvent.objects.filter(action=action, subject_id=compared.pk).count() == 1
