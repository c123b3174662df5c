"""S15: limits hold for all processes together, are told in a sentence, and lose nothing."""

import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import reverse
from pytest_django import Settings
from redis import ConnectionError as NoRedis

from classifier.models import Photo, PhotoSet
from classifier.views import photo_sets, reports
from classifier.views.pace import Pace
from tests.factories import jpeg, make_photo, make_photo_set, upload_file
from tests.security.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def upload(photo_set: PhotoSet) -> HttpResponse:
    answer = signed_in(photo_set.uploaded_by).post(
        reverse("photo-upload", args=[photo_set.pk]),
        {"photo": upload_file(jpeg())},
        headers={"accept": "application/json"},
    )
    assert isinstance(answer, HttpResponse)
    return answer


# --- how fast ---
def test_who_sends_too_fast_is_asked_to_wait_and_may_then_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo_set, now = make_photo_set(), 1_800_000_000.0
    monkeypatch.setattr(photo_sets, "uploads", Pace(2, name="upload"))
    monkeypatch.setattr(time, "time", lambda: now)
    assert [upload(photo_set).status_code for _ in range(3)] == [201, 201, 429]
    answer = upload(photo_set)
    assert 0 < int(answer["Retry-After"]) <= 60
    assert b"Nothing is lost" in answer.content
    monkeypatch.setattr(photo_sets, "uploads", Pace(2, name="upload"))  # a process without memory
    assert upload(photo_set).status_code == 429
    now += 60
    assert upload(photo_set).status_code == 201
    assert Photo.objects.count() == 3


def test_processes_count_together() -> None:
    one, other = Pace(2, name="x"), Pace(2, name="x")
    one.note("somebody")
    one.note("somebody")
    assert other.is_exceeded("somebody")
    assert not other.is_exceeded("another")
    assert not Pace(2, name="y").is_exceeded("somebody")


def test_without_the_store_each_process_counts_and_asks_it_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def fail(*_: object, **__: object) -> int:
        asked.append(1)
        raise NoRedis("down")

    for order in ("get", "add", "incr"):
        monkeypatch.setattr(cache, order, fail, raising=False)
    monkeypatch.setattr(Pace, "ask_again_at", 0.0)
    pace = Pace(2, name="x")
    assert [pace.take("somebody") for _ in range(3)] == [True, True, False]
    assert pace.is_exceeded("somebody")
    assert len(asked) == 1


def test_the_store_of_counts_holds_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []

    def get(key: str, default: int) -> int:
        keys.append(key)
        return default

    monkeypatch.setattr(cache, "get", get)
    Pace(2, name="x").is_exceeded("203.0.113.7")
    assert keys
    assert "203.0" not in keys[0]


def test_the_keys_of_counts_are_cut_from_no_broken_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("SHA-1 and MD5 are used for nothing")

    monkeypatch.setattr("hashlib.sha1", broken)
    monkeypatch.setattr("hashlib.md5", broken)
    assert not Pace(2, name="x").is_exceeded("203.0.113.7")


# --- how much ---
@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [("MOST_PHOTOS", 1, b"1 photos"), ("MOST_GIGABYTES", 1, b"1 GB of photos")],
)
def test_a_full_site_says_so_and_stores_nothing(
    settings: Settings, limit: str, value: int, words: bytes
) -> None:
    photo_set = make_photo_set()
    Photo.objects.by_id(make_photo(photo_set).pk).update(byte_size=1_000_000_000)
    setattr(settings, limit, value)
    before = Photo.objects.count()
    answer = upload(photo_set)
    assert answer.status_code == 507
    assert words in answer.content
    assert Photo.objects.count() == before
    assert len(list(settings.MEDIA_ROOT.glob("originals/*/*"))) == before
    assert not list(settings.MEDIA_ROOT.glob("incoming/*"))


def test_an_export_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    photo_set = make_photo_set()
    for _ in range(2):
        make_photo(photo_set)
    client = signed_in(photo_set.uploaded_by)
    address = reverse("export", args=[photo_set.inspection_id, "csv"])
    assert client.get(address).status_code == 200
    monkeypatch.setattr(reports, "MOST_EXPORTED", 1)
    answer = client.get(address)
    assert (answer.status_code, answer.content[:9]) == (413, b"2 photos;")
