"""Who may open what: each route with the roles that may."""

import pytest
from django.urls import reverse

from tests.classifier.views.conftest import ClientFor
from tests.factories import active_version, make_classified

pytestmark = pytest.mark.django_db

ALL = {"viewer", "inspector", "reviewer", "admin"}
INSPECT = {"inspector", "admin"}
REVIEW = {"reviewer", "admin"}
ADMIN = {"admin"}

GET = {
    "home": ALL,
    "patterns": ALL,
    "structures": ALL,
    "structure": ALL,
    "structure-new": INSPECT,
    "structure-edit": INSPECT,
    "inspection": ALL,
    "inspection-new": INSPECT,
    "upload": INSPECT,
    "photo-set": ALL,
    "photo-set-progress": ALL,
    "photo": ALL,
    "review": REVIEW,
    "models": ADMIN,
    "model": ADMIN,
}
POST = {
    "photo-upload": INSPECT,
    "retry": INSPECT,
    "decide": REVIEW,
    "undo": REVIEW,
    "activate": ADMIN,
    "train": ADMIN,
}
WITHOUT_ID = {"home", "patterns", "structures", "structure-new", "review", "models", "train"}


def address(name: str, pk: int = 1) -> str:
    return reverse(name) if name in WITHOUT_ID else reverse(name, args=[pk])


@pytest.fixture(autouse=True)
def _rows() -> None:
    photo = make_classified()
    assert {photo.pk, photo.photo_set_id, photo.structure_id, active_version().pk} == {1}


@pytest.mark.parametrize("role", sorted(ALL))
@pytest.mark.parametrize("name", GET)
def test_a_page_opens_for_its_roles_alone(client_for: ClientFor, name: str, role: str) -> None:
    status = client_for(role).get(address(name)).status_code
    assert status == (200 if role in GET[name] else 403)


@pytest.mark.parametrize("role", sorted(ALL))
@pytest.mark.parametrize("name", POST)
def test_an_action_is_open_to_its_roles_alone(client_for: ClientFor, name: str, role: str) -> None:
    status = client_for(role).post(address(name)).status_code
    assert (status == 403) == (role not in POST[name])


@pytest.mark.parametrize("name", [*GET, *POST])
def test_a_stranger_is_asked_to_sign_in(client_for: ClientFor, name: str) -> None:
    client = client_for()
    client.logout()
    method = client.get if name in GET else client.post
    answer = method(address(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign-in") + "?next=/")


@pytest.mark.parametrize("name", [*GET, *POST])
def test_a_person_without_role_is_let_in_nowhere(client_for: ClientFor, name: str) -> None:
    method = client_for().get if name in GET else client_for().post
    assert method(address(name)).status_code == 403


@pytest.mark.parametrize("name", sorted((set(GET) | set(POST)) - WITHOUT_ID))
def test_a_row_that_is_not_there_is_not_found(client_for: ClientFor, name: str) -> None:
    client = client_for("admin")
    method = client.get if name in GET else client.post
    assert method(address(name, 999)).status_code == 404


@pytest.mark.parametrize("name", POST)
def test_an_action_is_never_a_get(client_for: ClientFor, name: str) -> None:
    assert client_for("admin").get(address(name)).status_code == 405


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("inspector", 200)])
def test_originals_are_not_for_viewers(client_for: ClientFor, role: str, status: int) -> None:
    answer = client_for(role).get(reverse("photo-image", args=[1, "original"]))
    answer.close()
    assert answer.status_code == status
