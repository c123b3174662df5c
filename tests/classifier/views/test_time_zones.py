from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from classifier import intake
from classifier.models import User
from classifier.templatetags import times
from tests.classifier.views.conftest import ClientFor
from tests.factories import jpeg, make_photo_set, make_user, upload_file

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def person() -> User:
    person = make_user("inspector")
    person.set_password("a long enough password")
    person.save()
    return person


def sign_in(person: User, **fields: str) -> User:
    given = {"username": person.username, "password": "a long enough password", **fields}
    assert Client().post(reverse("sign-in"), given).status_code == 302
    person.refresh_from_db()
    return person


def home_of(person: User) -> str:
    photo_set = make_photo_set()
    type(photo_set).objects.filter(pk=photo_set.pk).update(created_at=NOON)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(reverse("home")).content.decode()


def test_the_first_sign_in_takes_the_zone_of_the_browser(person: User) -> None:
    assert sign_in(person, time_zone="Asia/Tokyo").time_zone == "Asia/Tokyo"


def test_later_sign_ins_leave_the_zone_alone(person: User) -> None:
    sign_in(person)
    assert sign_in(person, time_zone="Asia/Tokyo").time_zone == ""


@pytest.mark.parametrize("name", ["", "Nowhere/At all", "../../etc/passwd", "x" * 9000, "\0"])
def test_a_bad_zone_keeps_nobody_from_signing_in(person: User, name: str) -> None:
    assert sign_in(person, time_zone=name).time_zone == ""


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Asia/Tokyo", "1 Jul 2026, 21:00 JST"), ("Europe/Berlin", "14:00 CEST"), ("", "12:00 UTC")],
)
def test_a_page_shows_times_in_the_zone_of_its_reader(person: User, zone: str, shown: str) -> None:
    person.time_zone = zone
    person.save()
    assert shown in home_of(person)
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_zone_that_is_no_longer_known_shows_the_times_of_the_site(person: User) -> None:
    User.objects.filter(pk=person.pk).update(time_zone="Old/Country")
    person.refresh_from_db()
    assert "12:00 UTC" in home_of(person)


def test_people_choose_their_zone_on_a_page(client_for: ClientFor) -> None:
    client = client_for("viewer")
    page = client.post(reverse("time-zone"), {"time_zone": "America/New_York"}, follow=True)
    assert "Times on the pages are in America/New_York" in page.content.decode()
    assert User.objects.get(pk=client.session["_auth_user_id"]).time_zone == "America/New_York"


def test_a_zone_that_is_none_is_refused_in_the_form(client_for: ClientFor) -> None:
    page = client_for("viewer").post(reverse("time-zone"), {"time_zone": "Nowhere"})
    assert page.status_code == 200
    assert "Nowhere is not one of the available choices" in page.content.decode()


def test_a_capture_time_stays_as_the_camera_wrote_it(person: User) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera X"
    exif.get_ifd(0x8769)[0x9003] = "2026:05:04 10:20:30"
    with timezone.override("Asia/Tokyo"):
        content = jpeg(exif=exif)
        photo = intake.receive_photo(make_photo_set(), upload_file(content), by=person).photo
        assert times.taken(photo.taken_at) == "4 May 2026, 10:20"
    assert photo.taken_at == datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)


def test_the_audit_log_names_the_zone(client_for: ClientFor) -> None:
    client = client_for("admin")
    client.post(reverse("time-zone"), {"time_zone": "Asia/Tokyo"})
    assert "and when (Asia/Tokyo)" in client.get(reverse("audit")).content.decode()
