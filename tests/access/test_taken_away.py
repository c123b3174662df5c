"""S25 over the matrix: a right is lost between the check of a request and its write."""

from uuid import UUID

import pytest

from classifier import rescoring, review
from classifier.models import User
from classifier.views import access
from classifier.views.access import SignedInRequest
from tests.access.test_matrix import MATRIX, world
from tests.access.world import World, contents
from tests.factories import active_version, take_away

__all__ = ["world"]

pytestmark = pytest.mark.django_db

OTHERS = {
    "sign-in": "asks for no right",
    "sign-out": "asks for no right",
    "welcome": "asks for no right",
    "password": "asks for the current password",
    "time-zone": "concerns nobody else",
    "photos-known": "only tells",
    "train": "a run is waiting already: `tests/security` asks",
}
"""Forms that are not tried here, each with the reason."""
WRITING = [row["route"] for row in MATRIX if row["verb"] == "POST" and ":" not in row["route"]]
BATCH = UUID(int=25)


@pytest.mark.parametrize("taken", ["role", "account"])
@pytest.mark.parametrize("route", sorted(set(WRITING) - set(OTHERS)))
def test_a_right_lost_after_the_check_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, route: str, taken: str
) -> None:
    fields = world.fields(route)
    admin = User.objects.get(pk=world.client("admin").session["_auth_user_id"])
    if route == "undo-many":
        review.decide_many([world.rows["open_photo"]], "cant_tell", by=admin, batch=BATCH)
        fields = {"batch": BATCH.hex}
    elif route == "rescore-cancel":
        rescoring.ask(active_version(), by=admin)
    check, left = access.demand, {}

    def check_then_lose(right: str, request: SignedInRequest) -> None:
        check(right, request)
        take_away(admin, taken)
        left.update(contents())

    monkeypatch.setattr(access, "demand", check_then_lose)
    answer = world.client("admin").post(world.address(route), fields)
    assert (answer.status_code, contents()) == (403, left)
