"""S01, S02 as seen from outside: deploy/nginx.conf in a real nginx, before a real site."""

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from classifier.views.files import POLICY
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite, Session, wait_until
from tests.nginx import ask, nginx_before, trusting

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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where nginx keeps its configuration and its logs."""
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def port(site: LiveSite, folder: Path) -> Iterator[int]:
    with nginx_before(site, folder) as port:
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


# --- what nginx answers itself ---
def test_a_body_that_is_too_large_is_refused_with_the_headers_of_the_site(port: int) -> None:
    with closing(HTTPSConnection("127.0.0.1", port, context=trusting(), timeout=10)) as wire:
        wire.putrequest("POST", "/sign-in/")
        wire.putheader("Content-Length", str(10**9))
        wire.endheaders()
        answer = wire.getresponse()
    assert answer.status == 413
    assert answer.getheader("Strict-Transport-Security") == "max-age=31536000; includeSubDomains"
    assert "frame-ancestors 'none'" in str(answer.getheader("Content-Security-Policy"))
    assert answer.getheader("X-Content-Type-Options") == "nosniff"


def test_the_headers_of_the_site_are_not_doubled(port: int) -> None:
    headers = ask(port, "/sign-in/").headers
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security"):
        assert len(headers.get_all(name, [])) == 1, name


def test_connections_are_of_the_newest_tls_and_older_ones_of_strong_ciphers_alone(
    port: int,
) -> None:
    with closing(HTTPSConnection("127.0.0.1", port, context=trusting())) as wire:
        wire.connect()
        assert isinstance(wire.sock, ssl.SSLSocket)
        assert wire.sock.version() == "TLSv1.3"
    weak = trusting()
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-GCM-SHA256:AES256-SHA256:ECDHE-RSA-AES128-SHA256")
    wire = HTTPSConnection("127.0.0.1", port, context=weak)
    with pytest.raises(ssl.SSLError):
        wire.connect()


@pytest.mark.parametrize(("path", "status"), [("/metrics", 403), ("/readyz", 403), ("/", 308)])
def test_without_tls_people_are_led_on_and_machines_refused(
    port: int, folder: Path, path: str, status: int
) -> None:
    written = (folder / "nginx.conf").read_text()
    plain = re.findall(r"listen 127\.0\.0\.1:(\d+);", written)[0]
    with closing(HTTPConnection("127.0.0.1", int(plain), timeout=10)) as wire:
        wire.request("GET", path)
        answer = wire.getresponse()
    assert answer.status == status
    assert status == 403 or str(answer.getheader("Location")).startswith("https://")


def test_files_are_not_the_worlds(site: LiveSite, session: Session) -> None:
    for path in (site.layout.data / "media" / "originals").rglob("*.jpg"):
        assert path.stat().st_mode & 0o007 == 0
    assert os.stat(site.layout.data).st_mode & 0o077 == 0  # noqa: PTH116  one word for both


def test_no_log_holds_the_token_of_a_link(site: LiveSite, port: int, folder: Path) -> None:
    token = "T" * 43
    assert ask(port, f"/shared/{token}/").status == 404
    assert ask(port, f"/welcome/MQ/{token}/").status == 200
    log = folder / "access.log"
    told = ("/shared/...", "/welcome/...")
    wait_until(
        lambda: all(address in log.read_text() for address in told),
        "nginx, which logs after it answers, has logged both",
        seconds=30,
    )
    outside = log.read_text()
    assert "shared-report" in site.log("web")
    assert token not in outside + site.log("web")
