"""S01, S02 as seen from outside: deploy/nginx.conf in a real nginx, before a real site."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite, Session, free_port, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

CONFIGURATION = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  types {{ }} default_type application/octet-stream;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {servers}
}}
"""


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
    """Start nginx before the site; return the port it answers on with TLS."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("No nginx on PATH (apt-get install nginx-light).")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    make_certificate(folder)
    servers = (ROOT / "deploy" / "nginx.conf").read_text()
    for word, own in (
        ("listen 8080;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 8443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http2 on;", ""),  # spelled otherwise before nginx 1.25
        ("/certificates/", f"{folder}/"),
        ("/var/log/nginx/access.log", f"{folder}/access.log"),
        ("http://web:8000", f"http://127.0.0.1:{site.port}"),
        ("/data/media/", f"{site.layout.data}/media/"),
    ):
        assert word in servers, word
        servers = servers.replace(word, own)
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, servers=servers))
    process = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        wait_until(lambda: answers(port), "nginx answers", seconds=10)
        yield port
    finally:
        process.kill()
        process.wait()


def make_certificate(folder: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)


def ask(port: int, path: str, cookie: str = "") -> HTTPResponse:
    """Ask exactly for this path, as no browser would clean it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(HTTPSConnection("127.0.0.1", port, context=context, timeout=10)) as connection:
        connection.putrequest("GET", path)
        connection.putheader("Cookie", cookie)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer


def answers(port: int) -> bool:
    try:
        return ask(port, "/readyz").status == 200
    except OSError:
        return False


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
    assert answer.getheader("Content-Security-Policy") == "default-src 'none'; sandbox"
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
