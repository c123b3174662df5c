"""S01, S02, S06, S14, S17, S21, S23: what a request may do, and what an answer gives away."""

import re
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django import Settings

from classifier import classification
from classifier.models import Photo
from classifier.views.files import POLICY
from tests.access.test_matrix import MATRIX, body
from tests.access.world import World, make_world
from tests.bad_input.marked import located
from tests.factories import (
    active_version,
    make_classified,
    make_photo_set,
    make_user,
    upload_file,
)
from tests.security.conftest import signed_in

pytestmark = pytest.mark.django_db

UNSAFE = sorted({row["route"] for row in MATRIX if row["verb"] == "POST"})
IMAGES = ("thumbnail", "working", "overlay", "original")


@pytest.fixture
def photo() -> Photo:
    return make_classified()


@pytest.fixture
def world() -> World:
    return make_world()


# --- S01: the way to the files ---
CLIMBING = (
    "/media/",
    "/media/originals/",
    "/internal-media/originals/",
    "/internal-media/../db.sqlite3",
    "/static../manage.py",
    "/static/../manage.py",
    "/static/%2e%2e/manage.py",
    "/static/..%2fmanage.py",
    "/static/%252e%252e/manage.py",
    "/static/....//manage.py",
    "/static//etc/passwd",
    "/static/..\\manage.py",
    "/static/css/../../inspection_site/settings.py",
    "/photos/1/images/..%2f..%2fsecret_key/",
    "/photos/1/images/original/../../../../secret_key",
    "/var/secret_key",
    "/secret_key",
    "/.git/config",
    "/.env",
    "/db.sqlite3",
)


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_to_a_file_of_the_machine(
    photo: Photo, path: str, settings: Settings
) -> None:
    settings.WHITENOISE_AUTOREFRESH = False  # static files are served as in production
    for client in (Client(), signed_in(make_user("admin"))):
        assert client.get(path).status_code in (301, 404)
        assert client.get(path, follow=True).status_code == 404


# --- S02: what goes with an image ---
@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("behind_nginx", [True, False])
def test_an_image_is_served_as_nothing_but_an_image(
    photo: Photo, kind: str, settings: Settings, *, behind_nginx: bool
) -> None:
    settings.ACCEL_REDIRECT = behind_nginx
    answer = signed_in(make_user("inspector")).get(reverse("photo-image", args=[photo.pk, kind]))
    assert answer["Content-Type"] == ("image/png" if kind == "overlay" else "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cache-Control"] in ("private, no-store", "private, no-cache")
    assert answer["Content-Disposition"].startswith(
        "attachment" if kind == "original" else "inline"
    )
    answer.close()


def test_a_browser_asks_again_and_is_told_that_nothing_changed(photo: Photo) -> None:
    client, address = (
        signed_in(make_user("viewer")),
        reverse("photo-image", args=[photo.pk, "working"]),
    )
    first = client.get(address)
    assert b"".join(first)
    again = client.get(address, headers={"If-Modified-Since": first["Last-Modified"]})
    assert again.status_code == 304
    client.logout()
    gone = client.get(address, headers={"If-Modified-Since": first["Last-Modified"]})
    assert gone.status_code == 302


def test_no_answer_of_the_site_may_be_framed_or_taken_for_another_kind(client: Client) -> None:
    for address in ("/sign-in/", "/static/css/base.css", "/static/img/mark.svg", "/readyz", "/no/"):
        answer = client.get(address)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert answer["Referrer-Policy"] == "same-origin", address
        assert "Access-Control-Allow-Origin" not in answer, address
        assert re.search("charset=|^application/json$", answer["Content-Type"]), address
        answer.close()


def test_no_cookie_is_set_but_the_two_that_have_a_safe_name() -> None:
    client = signed_in(make_user("admin"))
    answer = client.post(reverse("person-link", args=[make_user("viewer").pk]))
    assert answer.status_code == 302
    assert "/welcome/" in client.get(answer["Location"]).content.decode()
    assert set(client.cookies) <= {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}


# --- S06: requests that another site makes somebody send ---
@pytest.mark.parametrize("route", [route for route in UNSAFE if ":" not in route])
def test_no_action_is_done_without_its_token(world: World, route: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = world.sessions["superuser"]
    address, fields = world.address(route), world.fields(route)
    assert client.post(address, fields).status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    wrong = {"csrfmiddlewaretoken": "b" * 32, **fields}
    assert client.post(address, wrong).status_code == 403
    right = {"csrfmiddlewaretoken": "a" * 32, **fields}
    foreign = client.post(address, right, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


# --- S14: words where a number or a name was meant ---
PROBES = ("'", '"', "1' OR '1'='1", "1;--", "%27", "{{7*7}}", "${7*7}", "../", "\x00", "𝟙")
PAGES = sorted(
    {row["route"] for row in MATRIX if row["verb"] == "GET" and not {":", "/"} & set(row["route"])}
)
ASKED = (
    "q",
    "page",
    "verdict",
    "review",
    "element",
    "inspection",
    "structure",
    "skip",
    "last",
    "at",
)


@pytest.mark.parametrize("probe", PROBES)
def test_no_parameter_is_more_than_a_value(world: World, probe: str) -> None:
    client = world.client("superuser")
    query = "&".join(f"{name}={quote(probe)}" for name in ASKED)
    for route in PAGES:
        answer = client.get(f"{world.address(route)}?{query}")
        body(answer)  # a file that is sent is closed at its end
        assert answer.status_code in (200, 302, 404), route


# --- S17: pages that tell of faults ---
def test_an_error_page_tells_nothing_of_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("at /srv/hairline/secret.py")

    monkeypatch.setattr("classifier.views.structures.photo_listing", fail)
    client = signed_in(make_user("viewer"))
    client.raise_request_exception = False
    address = reverse("structure", args=[make_photo_set().inspection.structure_id])
    page = client.get(address)
    assert page.status_code == 500
    assert not any(word in page.content.decode() for word in ("secret.py", "Traceback", "Django"))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_names_no_version_and_no_path(client: Client, status: int) -> None:
    answers = {
        400: lambda: client.get("/", headers={"Host": "evil.example"}),
        403: lambda: signed_in(make_user()).get("/"),
        404: lambda: client.get("/no-such-page/"),
    }
    page = answers[status]()
    assert page.status_code == status
    assert not any(word in page.content.decode() for word in ("Django", "Traceback", "URLconf"))


# --- S21: where and by whom a photo was taken ---
def test_a_viewer_is_served_nothing_of_what_the_camera_wrote() -> None:
    active_version()
    photo_set = make_photo_set()
    address = reverse("photo-upload", args=[photo_set.pk])
    signed_in(photo_set.uploaded_by).post(address, {"photo": upload_file(located())})
    photo = Photo.objects.get()
    assert photo.latitude == pytest.approx(52.5)
    classification.classify(photo.pk, claimant="test")
    viewer = signed_in(make_user("viewer"))
    for kind in IMAGES[:3]:
        content = b"".join(viewer.get(reverse("photo-image", args=[photo.pk, kind])))
        assert not any(mark in content for mark in (b"Exif", b"SN-4711", b"Camera X", b"http:"))
    assert viewer.get(reverse("photo-image", args=[photo.pk, "original"])).status_code == 403


@pytest.mark.parametrize(("role", "told"), [("viewer", False), ("inspector", True)])
def test_only_who_may_have_originals_is_told_the_place_and_the_camera(
    role: str, told: bool
) -> None:
    photo_set = make_photo_set()
    address = reverse("photo-upload", args=[photo_set.pk])
    signed_in(photo_set.uploaded_by).post(address, {"photo": upload_file(located())})
    photo, person = Photo.objects.get(), signed_in(make_user(role))
    pages = [reverse("photo", args=[photo.pk])]
    pages += [
        reverse("export", args=[photo_set.inspection_id, kind])
        for kind in ("csv", "json", "coco", "geojson")
    ]
    shown = " ".join(person.get(page).content.decode() for page in pages)
    assert ("52.5" in shown) == ("Camera X" in shown) == told


# --- S23: other verbs in disguise ---
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_header_makes_no_other_verb_of_a_request(photo: Photo, header: str) -> None:
    client = signed_in(make_user("admin"))
    answer = client.get(reverse("retry", args=[photo.pk]), headers={header: "POST"})
    assert answer.status_code == 405


@override_settings(DEBUG=False)
def test_pages_may_not_be_kept_or_framed(photo: Photo) -> None:
    answer = signed_in(make_user("viewer")).get(reverse("photo", args=[photo.pk]))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Frame-Options"] == "DENY"
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
