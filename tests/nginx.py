"""deploy/nginx.conf in a real nginx, before a real site."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.live_site import ROOT, LiveSite, free_port, wait_until

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


@contextmanager
def nginx_before(site: LiveSite, folder: Path) -> Iterator[int]:
    """Start nginx before the site; give the port it answers on with TLS."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("No nginx on PATH (apt-get install nginx-light).")
    port = free_port()
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


def trusting() -> ssl.SSLContext:
    """TLS that believes the certificate of the tests."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ask(port: int, path: str, cookie: str = "") -> HTTPResponse:
    """Ask exactly for this path, as no browser would clean it."""
    return exchange(port, path, cookie)[0]


def exchange(
    port: int, path: str, cookie: str = "", *, form: Mapping[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    """Ask for this path, or send it a form as its own page would; return answer and body."""
    with closing(HTTPSConnection("127.0.0.1", port, context=trusting(), timeout=10)) as connection:
        connection.putrequest("GET" if form is None else "POST", path)
        connection.putheader("Cookie", cookie)
        body = urlencode(form or {}).encode()
        if form is not None:
            connection.putheader("Referer", "https://127.0.0.1/")
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer, answer.read()


def answers(port: int) -> bool:
    try:
        return ask(port, "/readyz").status == 200
    except OSError:
        return False
