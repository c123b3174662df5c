"""S01, S02 as seen from outside: deploy/nginx.conf in a real nginx, before a real site."""

import os
from collections.abc import Iterator

import pytest

from classifier.views.files import POLICY
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite, Session
from tests.nginx import ask, nginx_before

pytestmark = [pytest.mark.fault, pytest.mark.timeout(800)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with LiveSite.in_folder(
        tmp_path_factory.mktemp("site"),
        engine="stub",
        settings_module="tests.faults.settings",
        sweep_seconds=2,
        accel_redirect=True,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def session(site: LiveSite) -> Session:
    """Return somebody signed in, with one classified photo."""
    session = site.sign_in()
    photo_set = site.new_photo_set(session)
    session.post(
        site.url(f"/photo-sets/{photo_set}/photos/"),
        files={"photo": ("deck.jpg", jpeg(CRACK))},
        headers={"X-CSRFToken": session.cookies.get("csrftoken", "")},
        timeout=30,
    )
    site.wait_for_classified(1, seconds=60)
    return session


@pytest.fixture(scope="module")
def port(site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with nginx_before(site, tmp_path_factory.mktemp("nginx")) as port:
        yield port


def cookie(session: Session) -> str:
    return f"sessionid={session.cookies['sessionid']}"


CLIMBING = (
    "/internal-media/originals/",
    "/internal-media",
    "/internal-media/../../db.sqlite3",
    "/internal-media../db.sqlite3",
    "/internal-media%2f..%2fdb.sqlite3",
    "/internal-media/%2e%2e/db.sqlite3",
    "//internal-media/originals/",
    "/./internal-media/originals/",
    "/media/originals/",
    "/static/../internal-media/",
    "/photos/1/images/original/..%2f..%2f..%2fsecret_key",
)


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_past_the_site_to_a_file(port: int, session: Session, path: str) -> None:
    for somebody in ("", cookie(session)):
        assert ask(port, path, somebody).status in (400, 403, 404)


@pytest.mark.parametrize("kind", ["thumbnail", "working", "overlay", "original"])
def test_an_image_keeps_its_headers_on_the_way_out(port: int, session: Session, kind: str) -> None:
    answer = ask(port, f"/photos/1/images/{kind}/", cookie(session))
    assert (answer.status, answer.getheader("X-Accel-Redirect")) == (200, None)
    assert answer.getheader("Content-Type") == ("image/png" if kind == "overlay" else "image/jpeg")
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Content-Security-Policy") == POLICY
    assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    assert str(answer.getheader("Cache-Control")).startswith("private, no-")
    assert "nginx/" not in str(answer.getheader("Server"))


def test_a_stranger_gets_no_image(port: int) -> None:
    assert ask(port, "/photos/1/images/working/").status == 302


def test_files_are_not_the_worlds(site: LiveSite, session: Session) -> None:
    for path in (site.layout.data / "media" / "originals").rglob("*.jpg"):
        assert path.stat().st_mode & 0o007 == 0
    assert os.stat(site.layout.data).st_mode & 0o077 == 0  # noqa: PTH116  one word for both


def test_no_log_holds_the_token_of_a_link(
    site: LiveSite, port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    token = "T" * 43
    assert ask(port, f"/shared/{token}/").status == 404
    assert ask(port, f"/welcome/MQ/{token}/").status == 200
    logs = tmp_path_factory.getbasetemp().glob("nginx0/access.log")
    (outside,) = (log.read_text() for log in logs)
    assert "/shared/..." in outside
    assert "/welcome/..." in outside
    assert "shared-report" in site.log("web")
    assert token not in outside + site.log("web")
