"""R21: activating against the gate takes a typed reason and, where the site asks for it, two."""

import pytest
from pytest_django import Settings

from classifier import overriding, versions
from classifier.models import AuditEvent, ModelVersion, User
from tests.factories import active_version, make_candidate, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate() -> ModelVersion:
    """Return a version that was compared with nothing, so that the gate objects."""
    return make_candidate()


@pytest.fixture
def first(settings: Settings, candidate: ModelVersion) -> User:
    """Return the admin who gave a reason where two are needed."""
    settings.SECOND_ADMIN = True
    admin = make_user("admin")
    with pytest.raises(overriding.SecondNeeded, match="Another admin has to agree"):
        versions.activate(candidate, by=admin, reason="It knows our joints.")
    return admin


def overridden() -> list[dict[str, str]]:
    action = "model version activated against the gate"
    return [event.detail for event in AuditEvent.objects.filter(action=action)]


def test_one_admin_is_enough_unless_the_site_asks_for_two(candidate: ModelVersion) -> None:
    versions.activate(candidate, by=make_user("admin"), reason="It knows our joints.")
    assert [detail["why"] for detail in overridden()] == ["It knows our joints."]


def test_where_two_are_needed_the_first_only_leaves_a_reason(
    first: User, candidate: ModelVersion
) -> None:
    with pytest.raises(overriding.AgainstTheGate):
        versions.activate(candidate, by=first)
    with pytest.raises(overriding.SecondNeeded):
        versions.activate(candidate, by=first, reason="I insist.")
    assert ModelVersion.objects.active() != candidate
    wished = AuditEvent.objects.filter(action="activation against the gate wished", actor=first)
    assert wished.count() == 2


def test_another_admin_agrees_and_both_are_audited(first: User, candidate: ModelVersion) -> None:
    second = make_user("admin")
    assert versions.activate(candidate, by=second).state == "active"
    (detail,) = overridden()
    assert (detail["why"], detail["wished_by"]) == ("It knows our joints.", str(first))


def test_what_was_left_for_the_version_before_comes_back_against_the_gate_alone(
    first: User, candidate: ModelVersion
) -> None:
    versions.activate(candidate, by=make_user("admin"))
    versions.activate(active_version(), by=first)
    assert versions.previous() is None
    for admin in (first, make_user("admin")):
        with pytest.raises(overriding.AgainstTheGate):
            versions.activate(candidate, by=admin)
    assert ModelVersion.objects.active() == active_version()


@pytest.mark.usefixtures("first")
def test_a_wish_lapses_when_another_version_became_active(
    settings: Settings, candidate: ModelVersion
) -> None:
    settings.SECOND_ADMIN = False
    versions.activate(make_candidate("other"), by=make_user("admin"), reason="newer")
    settings.SECOND_ADMIN = True
    assert overriding.standing(candidate, ModelVersion.objects.active()) is None
    with pytest.raises(overriding.AgainstTheGate):
        versions.activate(candidate, by=make_user("admin"))
