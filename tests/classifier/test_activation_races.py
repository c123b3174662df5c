"""R22: whoever presses at the same instant, one version is active and each change is on record."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from classifier import versions
from classifier.models import AuditEvent, ModelVersion
from tests.factories import active_version, make_candidate, make_user


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_fifty_activations_at_once_one_version_is_left_active() -> None:
    before, admin = active_version(), make_user("admin")
    candidates = [make_candidate(f"candidate {number}") for number in range(5)]

    def activate(number: int) -> None:
        try:
            versions.activate(candidates[number % 5], by=admin, reason="at once")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(activate, range(50)))
    active = ModelVersion.objects.get(state="active")
    assert active in candidates
    states = dict(ModelVersion.objects.values_list("name", "state"))
    assert [state for name, state in states.items() if name != active.name] == ["retired"] * 5
    changes = AuditEvent.objects.filter(action="model version activated").order_by("id")
    assert changes.last().subject_id == active.pk  # type: ignore[union-attr]  # there are some
    chain = [(event.subject, event.detail["instead_of"]) for event in changes]
    assert [earlier for _, earlier in chain[1:]] == [later for later, _ in chain[:-1]]
    assert before.name in {earlier for _, earlier in chain}
