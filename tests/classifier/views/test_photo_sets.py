import errno

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import reverse

from classifier import classification, photo_files
from classifier.models import Photo, PhotoSet
from tests.classifier.views.conftest import ClientFor
from tests.factories import (
    CRACK,
    active_version,
    jpeg,
    make_classified,
    make_photo,
    make_photo_set,
    make_structure,
    upload_file,
)

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("inspector")


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def address(photo_set: PhotoSet) -> str:
    return reverse("photo-upload", args=[photo_set.pk])


def test_a_stored_photo_is_answered_with_201_and_rung_for(
    client: Client, photo_set: PhotoSet, rung: list[int]
) -> None:
    answer = client.post(address(photo_set), {"photo": upload_file()}, headers=JSON)
    photo = Photo.objects.get()
    assert (answer.status_code, answer.json()["state"]) == (201, "stored")
    assert answer.json()["photo_url"] == reverse("photo", args=[photo.pk])
    assert rung == [photo.pk]


def test_a_duplicate_is_answered_with_the_first(
    client: Client, photo_set: PhotoSet, rung: list[int]
) -> None:
    content = jpeg()
    for _ in range(2):
        answer = client.post(address(photo_set), {"photo": upload_file(content)}, headers=JSON)
    assert (answer.status_code, answer.json()["state"]) == (200, "duplicate")
    assert answer.json()["photo_url"] == reverse("photo", args=[Photo.objects.get().pk])
    assert len(rung) == 1


def test_a_plain_form_is_led_back_to_the_photo_set(client: Client, photo_set: PhotoSet) -> None:
    answer = client.post(address(photo_set), {"photo": upload_file()}, follow=True)
    assert answer.redirect_chain == [(reverse("photo-set", args=[photo_set.pk]), 302)]
    assert "deck.jpg is stored." in answer.content.decode()


def test_a_refused_file_answers_with_its_sentence(client: Client, photo_set: PhotoSet) -> None:
    file = upload_file(b"GIF89a" + bytes(64), "wall.gif")
    answer = client.post(address(photo_set), {"photo": file}, headers=JSON)
    assert answer.status_code == 415
    assert answer.json()["sentence"].startswith("wall.gif")


def test_a_refused_file_is_explained_on_the_plain_page(client: Client, photo_set: PhotoSet) -> None:
    file = upload_file(b"GIF89a" + bytes(64), "wall.gif")
    answer = client.post(address(photo_set), {"photo": file})
    assert answer.status_code == 415
    assert "wall.gif" in answer.content.decode()


def test_a_request_without_photo_is_told_so(client: Client, photo_set: PhotoSet) -> None:
    answer = client.post(address(photo_set), {}, headers=JSON)
    assert (answer.status_code, answer.json()["state"]) == (400, "refused")


def test_a_full_disk_is_answered_with_507(
    client: Client, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    answer = client.post(address(photo_set), {"photo": upload_file()}, headers=JSON)
    assert (answer.status_code, answer["Retry-After"]) == (507, "60")
    assert not Photo.objects.exists()


def test_a_disk_that_lies_is_answered_with_503(
    client: Client, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_files, "sha256_of", lambda _path: "0" * 64)
    answer = client.post(address(photo_set), {"photo": upload_file()}, headers=JSON)
    assert answer.status_code == 503
    assert not Photo.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_commit_whose_end_nobody_heard_of_loses_no_photo(
    client: Client, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = jpeg()
    client.raise_request_exception = False
    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]  # the stubs lack it
    sent = {"photo": upload_file(content)}

    def commit_unheard(self: BaseDatabaseWrapper) -> None:
        commit(self)
        if Photo.objects.exists():
            raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "_commit", commit_unheard)
        answer = client.post(address(photo_set), sent, headers=JSON)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    sent = {"photo": upload_file(content)}
    answer = client.post(address(photo_set), sent, headers=JSON)
    assert (answer.status_code, answer.json()["state"]) == (200, "duplicate")
    assert photo_files.original(Photo.objects.get()).read_bytes() == content


def test_two_files_in_one_request_are_refused(client: Client, photo_set: PhotoSet) -> None:
    files = {"photo": upload_file(), "second": upload_file()}
    assert client.post(address(photo_set), files, headers=JSON).status_code == 400
    assert not Photo.objects.exists()


def test_a_form_without_token_is_refused(photo_set: PhotoSet) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(photo_set.uploaded_by, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(address(photo_set), {"photo": upload_file()}).status_code == 403


def test_a_stranger_gets_json_where_only_json_is_accepted(photo_set: PhotoSet) -> None:
    answer = Client().post(address(photo_set), {"photo": upload_file()}, headers=JSON)
    assert answer.status_code == 401
    assert "Sign in again" in answer.json()["sentence"]


def test_fields_that_are_not_asked_for_change_nothing(client: Client, photo_set: PhotoSet) -> None:
    fields = {"photo": upload_file(), "state": "classified", "uploaded_by": "99"}
    client.post(address(photo_set), fields, headers=JSON)
    photo = Photo.objects.get()
    assert photo.state == "waiting"
    assert photo.uploaded_by.username.startswith("inspector")


def test_a_new_photo_set_keeps_element_and_notes(client: Client, photo_set: PhotoSet) -> None:
    element = photo_set.inspection.structure.elements.get(name="pier")
    answer = client.post(
        reverse("upload", args=[photo_set.inspection_id]), {"element": element.pk, "notes": "wet"}
    )
    made = PhotoSet.objects.latest("pk")
    assert answer["Location"] == reverse("photo-set", args=[made.pk])
    assert (made.element, made.notes) == (element, "wet")


def test_an_element_of_another_structure_is_refused(client: Client, photo_set: PhotoSet) -> None:
    foreign = make_photo_set().inspection.structure.elements.get(name="pier")
    answer = client.post(reverse("upload", args=[photo_set.inspection_id]), {"element": foreign.pk})
    assert answer.status_code == 200
    assert PhotoSet.objects.count() == 2


def test_the_stored_bytes_are_served_as_what_they_are(client: Client, photo_set: PhotoSet) -> None:
    content = jpeg()
    client.post(address(photo_set), {"photo": upload_file(content, "page.html")}, headers=JSON)
    photo = Photo.objects.get()
    answer = client.get(reverse("photo-image", args=[photo.pk, "original"]))
    sent = b"".join(answer)
    answer.close()
    assert sent == content
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert photo_files.original(photo).suffix == ".jpg"


def test_a_photo_asked_about_again_counts_as_waiting_and_nothing_else(client: Client) -> None:
    photo = make_classified(colour=CRACK)
    client.post(reverse("retry", args=[photo.pk]))
    progress = photo.photo_set.progress()
    assert (progress.pending, progress.flagged, progress.clear) == (1, 0, 0)


def test_the_page_of_an_unreadable_photo_says_that_no_model_could_look(client: Client) -> None:
    active_version()
    photo_set = make_photo_set()
    content = jpeg(CRACK)
    client.post(address(photo_set), {"photo": upload_file(content[:-10])})
    photo = Photo.objects.get()
    classification.classify(photo.pk, claimant="test")
    page = client.get(reverse("photo", args=[photo.pk])).content.decode()
    assert "No model could look at this photo." in page


def test_the_page_of_a_waiting_photo_renews_itself_once_the_answer_is_there(
    client: Client, photo_set: PhotoSet
) -> None:
    active_version()
    client.post(address(photo_set), {"photo": upload_file()})
    photo = Photo.objects.get()
    own = reverse("photo", args=[photo.pk])
    asked = {"HX-Request": "true"}
    assert f'hx-get="{own}"' in client.get(own).content.decode()
    assert "HX-Refresh" not in client.get(own, headers=asked)
    classification.classify(photo.pk, claimant="test")
    assert client.get(own, headers=asked)["HX-Refresh"] == "true"
    assert f'hx-get="{own}"' not in client.get(own).content.decode()


# --- what need not be sent ---
def ask(client: Client, photo_set: PhotoSet, *digests: str) -> dict[str, dict[str, str]]:
    fields = {"sha256": " ".join(digests)}
    answer = client.post(reverse("photos-known", args=[photo_set.pk]), fields, headers=JSON)
    known: dict[str, dict[str, str]] = answer.json()["known"]
    return known


def test_a_photo_of_this_set_is_known_as_stored(client: Client, photo_set: PhotoSet) -> None:
    photo = make_photo(photo_set)
    known = ask(client, photo_set, photo.sha256.upper(), "0" * 64)
    assert list(known) == [photo.sha256]
    assert known[photo.sha256]["state"] == "stored"


def test_a_photo_of_an_earlier_visit_is_known_as_a_duplicate(client: Client) -> None:
    structure = make_structure()
    photo = make_photo(make_photo_set(structure), name="pier.jpg")
    known = ask(client, make_photo_set(structure), photo.sha256)[photo.sha256]
    assert known["state"] == "duplicate"
    assert known["sentence"].endswith("as pier.jpg.")


def test_a_photo_of_another_structure_is_not_known(client: Client, photo_set: PhotoSet) -> None:
    assert ask(client, photo_set, make_photo().sha256) == {}


def test_a_question_without_digests_is_answered(client: Client, photo_set: PhotoSet) -> None:
    assert ask(client, photo_set) == {}


def test_review_is_offered_while_something_waits(client_for: ClientFor) -> None:
    client, photo = client_for("reviewer"), make_classified()
    page = client.get(reverse("photo-set", args=[photo.photo_set_id])).content.decode()
    assert "Review what was found: 1" in page
    client.post(reverse("decide", args=[photo.pk]), {"outcome": "confirmed"})
    page = client.get(reverse("photo-set", args=[photo.photo_set_id])).content.decode()
    assert "Review what was found" not in page
    assert "All reviewed." in page
