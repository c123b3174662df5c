import pytest
from django.db import IntegrityError
from django.db.models import TextChoices

from classifier.models import Photo, TrainingRun
from classifier.roles import ROLES
from classifier.states import (
    PHOTO_MOVES,
    RUN_MOVES,
    VERSION_MOVES,
    PhotoState,
    RunState,
    VersionState,
    sources,
)
from tests.factories import active_version, make_photo, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("states", "moves"),
    [(PhotoState, PHOTO_MOVES), (RunState, RUN_MOVES), (VersionState, VERSION_MOVES)],
)
def test_every_state_declares_its_moves(
    states: type[TextChoices], moves: dict[str, frozenset[TextChoices]]
) -> None:
    assert set(moves) == set(states)
    assert all(target in states for targets in moves.values() for target in targets)


def test_a_classified_photo_can_only_go_back_to_waiting() -> None:
    assert PHOTO_MOVES[PhotoState.CLASSIFIED] == {PhotoState.WAITING}
    assert PhotoState.WAITING not in sources(PHOTO_MOVES, PhotoState.CLASSIFIED)


def test_a_move_that_is_not_allowed_changes_nothing() -> None:
    photo = make_photo()
    assert Photo.objects.by_id(photo.pk).move(PhotoState.CLASSIFIED) == 0
    photo.refresh_from_db()
    assert photo.state == PhotoState.WAITING


def test_the_database_refuses_a_classified_photo_without_prediction() -> None:
    photo = make_photo()
    with pytest.raises(IntegrityError, match="photo_classified_with_prediction"):
        Photo.objects.by_id(photo.pk).update(state=PhotoState.CLASSIFIED)


def test_the_database_refuses_a_second_active_version() -> None:
    version = active_version()
    version.pk, version.name = None, "another"
    with pytest.raises(IntegrityError):
        version.save(force_insert=True)


def test_the_database_refuses_a_second_open_training_run() -> None:
    admin, base = make_user("admin"), active_version()
    TrainingRun.objects.create(requested_by=admin, base=base, manifest_sha256="a")
    with pytest.raises(IntegrityError, match="slot"):
        TrainingRun.objects.create(requested_by=admin, base=base, manifest_sha256="b")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_of_the_database_holds_just_the_declared_rights(role: str) -> None:
    assert make_user(role).get_all_permissions() == ROLES[role]
