"""What `./dev run` refuses, and what it tells."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection_site.processes import Layout, ProcessError
from inspection_site.run import (
    Options,
    hosts,
    only_instance,
    read_options,
    refuse_busy_port,
    refuse_leftover_valkey,
    welcome,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path)
    layout.create()
    return layout


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def options(host: str = "127.0.0.1", port: int = 8000) -> Options:
    return Options(demo=False, port=port, host=host)


def test_a_second_instance_is_told_where_the_first_one_is(layout: Layout) -> None:
    first = only_instance(layout, "http://127.0.0.1:8000/")
    second = only_instance(layout, "http://127.0.0.1:8001/")
    with first, pytest.raises(ProcessError, match=r"already runs .*:8000/"), second:
        raise AssertionError("two instances shared a folder")


def test_a_stopped_instance_leaves_no_lock(layout: Layout) -> None:
    for address in ("http://127.0.0.1:8000/", "http://127.0.0.1:8001/"):
        with only_instance(layout, address):
            assert (layout.run / "lock").read_text().startswith(address)


def test_a_busy_port_is_refused_naming_another(busy_port: int) -> None:
    with pytest.raises(ProcessError, match=rf"Port {busy_port} .*--port {busy_port + 1}"):
        refuse_busy_port(options(port=busy_port))


def test_a_leftover_valkey_is_refused(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspection_site.run.valkey_answers", lambda _layout: True)
    with pytest.raises(ProcessError, match="earlier start"):
        refuse_leftover_valkey(layout)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "8000.5"])
def test_a_wrong_port_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options([f"--port={text}"])
    assert "a port is a number from 1 to 65535" in capsys.readouterr().err


def test_the_site_is_for_this_machine_unless_told_otherwise() -> None:
    assert read_options([]) == options()


@pytest.mark.parametrize(
    ("host", "bind", "address"),
    [
        ("127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "0.0.0.0:8000", "http://localhost:8000/"),
        ("::1", "[::1]:8000", "http://[::1]:8000/"),
    ],
)
def test_the_address_is_one_that_a_browser_opens(host: str, bind: str, address: str) -> None:
    assert (options(host).bind, options(host).address) == (bind, address)


def test_the_site_answers_to_the_host_it_was_started_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAIRLINE_ALLOWED_HOSTS", raising=False)
    assert "192.168.1.20" in hosts(options("192.168.1.20"))["HAIRLINE_ALLOWED_HOSTS"].split(",")


def test_the_owners_list_of_hosts_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAIRLINE_ALLOWED_HOSTS", "cracks.example.org")
    assert hosts(options("0.0.0.0")) == {}


def test_the_welcome_says_where_everything_is(layout: Layout) -> None:
    text = welcome(layout, options())
    for wanted in ("http://127.0.0.1:8000/", "Sign in", str(layout.logs), "Ctrl-C"):
        assert wanted in text


def test_a_folder_of_another_user_is_refused(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(ProcessError, match="belongs to another user"):
        layout.create()
