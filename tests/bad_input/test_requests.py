"""B094 and B121–B127: requests that are wrong, whatever the photo in them."""

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from classifier.models import Decision, Photo, PhotoSet, Structure, User
from classifier.views import photo_sets
from classifier.views.pace import Pace
from tests.factories import jpeg, make_classified, make_photo_set, make_user, upload_file

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"
ODD_IDS = ("0", "-1", "9223372036854775808", "1'--", "1;DROP TABLE", "x" * 10_000, "%00", "１")


@pytest.fixture(autouse=True)
def silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.tasks.Doorbell.ring", lambda *_: True)


@pytest.fixture
def photo_set() -> PhotoSet:
    return make_photo_set()


def signed_in(person: User, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(person, backend=BACKEND)
    return client


def upload(photo_set: PhotoSet, content: bytes, **fields: str) -> Any:
    """Return the answer, as Django's test client gives it."""
    return signed_in(photo_set.uploaded_by).post(
        reverse("photo-upload", args=[photo_set.pk]),
        {"photo": upload_file(content), **fields},
        headers={"accept": "application/json"},
    )


def test_b094_junk_is_limited_and_stores_nothing(
    photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_sets, "refused_uploads", Pace(3))
    statuses = [upload(photo_set, b"junk" * 250).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 429, 429]
    assert 0 < int(upload(photo_set, jpeg())["Retry-After"]) <= 60
    assert not Photo.objects.exists()


def test_junk_of_one_person_is_not_anothers() -> None:
    pace = Pace(1)
    pace.note(1)
    assert (pace.is_exceeded(1), pace.is_exceeded(2)) == (True, False)


def test_a_minute_later_the_person_may_go_on() -> None:
    pace = Pace(1, seconds=0.0)
    pace.note(1)
    assert not pace.is_exceeded(1)


def test_b111_a_photo_is_what_its_bytes_are_whatever_the_request_says(
    photo_set: PhotoSet,
) -> None:
    file = SimpleUploadedFile("deck.jpg", jpeg(), content_type="text/html")
    address = reverse("photo-upload", args=[photo_set.pk])
    signed_in(photo_set.uploaded_by).post(address, {"photo": file})
    assert Photo.objects.get().media_type == "image/jpeg"


def test_b121_the_same_bytes_are_a_duplicate_here_and_a_photo_elsewhere(
    photo_set: PhotoSet,
) -> None:
    content = jpeg()
    first, again = upload(photo_set, content).json(), upload(photo_set, content).json()
    assert (first["photo_url"], again["state"]) == (again["photo_url"], "duplicate")
    elsewhere = upload(make_photo_set(), content)
    assert elsewhere.status_code == 201
    assert elsewhere.json()["photo_url"] != first["photo_url"]


ALSO_AT = "The same picture is also at"


def page_of(photo: Photo) -> str:
    page = signed_in(make_user("viewer")).get(reverse("photo", args=[photo.pk]))
    return page.content.decode()


def test_b121_a_photo_links_to_the_first_of_the_same_bytes() -> None:
    content, photo_sets = jpeg(), [make_photo_set() for _ in range(3)]
    for photo_set in photo_sets:
        upload(photo_set, content)
    first, second, third = Photo.objects.order_by("id")
    for photo, other in ((first, second), (second, first), (third, first)):
        place = f"{other.structure}, {other.photo_set.inspection}"
        link = f'{ALSO_AT} <a href="{reverse("photo", args=[other.pk])}">{place}</a>'
        assert link in page_of(photo)
        assert page_of(photo).count(ALSO_AT) == 1


def test_b121_a_photo_without_another_of_its_bytes_links_to_none(photo_set: PhotoSet) -> None:
    upload(photo_set, jpeg())
    upload(make_photo_set(), jpeg())
    assert all(ALSO_AT not in page_of(photo) for photo in Photo.objects.all())


def test_b121_a_photo_that_is_gone_is_not_linked_to(photo_set: PhotoSet) -> None:
    content = jpeg()
    for each in (photo_set, make_photo_set()):
        upload(each, content)
    first, second = Photo.objects.order_by("id")
    first.delete()
    assert ALSO_AT not in page_of(second)


@pytest.mark.parametrize("digest", ["0" * 64, "short", "x" * 100_000])
def test_b122_bytes_that_are_not_those_sent_are_refused(photo_set: PhotoSet, digest: str) -> None:
    answer = upload(photo_set, jpeg(), sha256=digest)
    assert (answer.status_code, answer.json()["state"]) == (422, "refused")
    assert not Photo.objects.exists()


def test_b122_the_digest_may_be_written_in_capitals(photo_set: PhotoSet) -> None:
    content = jpeg()
    digest = hashlib.sha256(content).hexdigest().upper()
    assert upload(photo_set, content, sha256=digest).status_code == 201


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize(
    "path", ["/photo-sets/{}/photos/", "/photos/{}/", "/photos/{}/images/original/"]
)
def test_b123_an_id_that_is_none_is_not_found(photo_set: PhotoSet, odd: str, path: str) -> None:
    client = signed_in(photo_set.uploaded_by)
    answer = client.post(path.format(odd), {"photo": upload_file()})
    assert answer.status_code in (404, 405)
    assert client.get(path.format(odd)).status_code in (404, 405)


def test_b123_a_set_that_was_deleted_is_not_found(photo_set: PhotoSet) -> None:
    client, address = signed_in(photo_set.uploaded_by), reverse("photo-upload", args=[photo_set.pk])
    photo_set.delete()
    assert client.post(address, {"photo": upload_file()}).status_code == 404


def test_b124_an_upload_without_its_token_is_forbidden(photo_set: PhotoSet) -> None:
    client = signed_in(photo_set.uploaded_by, enforce_csrf_checks=True)
    answer = client.post(reverse("photo-upload", args=[photo_set.pk]), {"photo": upload_file()})
    assert answer.status_code == 403
    assert not Photo.objects.exists()


def test_b125_fields_that_are_not_the_uploaders_are_ignored(photo_set: PhotoSet) -> None:
    extra = {"state": "classified", "key": "0" * 32, "decision": "1", "structure": "99"}
    assert upload(photo_set, jpeg(), uploaded_by="1", attempts="3", **extra).status_code == 201
    photo = Photo.objects.get()
    assert (photo.state, photo.attempts, photo.decision) == ("waiting", 0, None)
    assert (photo.uploaded_by, photo.structure) == (
        photo_set.uploaded_by,
        photo_set.inspection.structure,
    )


def test_b125_nobody_sets_who_registered_or_decided() -> None:
    inspector, reviewer = make_user("inspector"), make_user("reviewer")
    form = {"name": "Arch", "kind": "bridge", "created_by": "999", "id": "4711"}
    signed_in(inspector).post(reverse("structure-new"), form)
    assert Structure.objects.get(name="Arch").created_by == inspector
    photo = make_classified()
    decision = {"outcome": "confirmed", "by": str(inspector.pk), "prediction": "77"}
    signed_in(reviewer).post(reverse("decide", args=[photo.pk]), decision)
    made = Decision.objects.get()
    assert (made.by, made.prediction) == (reviewer, photo.prediction)


INJECTIONS = (
    "photo__structure__name__startswith=S",
    "uploaded_by__password__startswith=p",
    "order_by=uploaded_by__password",
    "ordering=-uploaded_by__password",
    "verdict=flagged' OR 1=1--",
    "review=unreviewed&review=confirmed",
    "element=1 OR 1=1",
    "inspection=__import__",
    "page=1e9",
    "page=-1",
    "page=9223372036854775808",
    "q=%00",
    "q=" + "%25" * 3000,
)


@pytest.mark.parametrize("query", INJECTIONS)
def test_b126_a_filter_that_is_none_shows_no_more_than_without(
    photo_set: PhotoSet, query: str
) -> None:
    viewer = signed_in(make_user("viewer"))
    address = reverse("structure", args=[photo_set.inspection.structure_id])
    for path in (address, reverse("structures")):
        answer = viewer.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert photo_set.uploaded_by.password not in answer.content.decode()


@pytest.mark.parametrize(
    "remark", ["x" * 100_000, "\x00", "a\x07b\x1b[31m", "{" * 1000, "NaN", "\ud7ff\U0001f309"]
)
def test_b127_a_remark_of_any_kind_is_kept_short_or_refused(remark: str) -> None:
    photo = make_classified()
    fields = {"outcome": "confirmed", "remark": remark}
    address = reverse("decide", args=[photo.pk])
    assert signed_in(make_user("reviewer")).post(address, fields).status_code == 302
    assert all(len(decision.remark) <= 500 for decision in Decision.objects.all())


def test_b127_a_body_that_is_no_form_is_answered(photo_set: PhotoSet) -> None:
    client = signed_in(photo_set.uploaded_by)
    for kind, body in (
        ("application/json", b"[" * 1000),
        ("application/json", b'{"confidence": NaN, "photo": null}'),
        ("multipart/form-data", b"without an edge"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("text/plain", b"\xff\xfe"),
    ):
        answer = client.post(reverse("photo-upload", args=[photo_set.pk]), body, content_type=kind)
        assert answer.status_code == 400, kind


def test_more_than_one_photo_in_a_request_is_refused(photo_set: PhotoSet) -> None:
    two = [SimpleUploadedFile(f"{n}.jpg", jpeg()) for n in range(2)]
    address = reverse("photo-upload", args=[photo_set.pk])
    assert signed_in(photo_set.uploaded_by).post(address, {"photo": two}).status_code == 400
    assert not Photo.objects.exists()
