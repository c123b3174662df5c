"""The folders and command lines of a running site."""

from pathlib import Path

import pytest

from inspection_site.processes import (
    LONGEST_SOCKET_PATH,
    Layout,
    ProcessError,
    beat_command,
    valkey_answers,
    valkey_binary,
    valkey_command,
    web_command,
    worker_command,
)


def test_the_folders_are_private(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "data")
    layout.create()
    folders = (layout.data, layout.run, layout.logs, layout.valkey, layout.sockets)
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}


def test_an_open_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Layout.at(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_sockets_lie_in_the_data_folder() -> None:
    layout = Layout.at(Path("/srv/hairline"))
    assert layout.valkey_socket == layout.run / "valkey.sock"


def test_a_long_data_path_gets_short_sockets() -> None:
    layout = Layout.at(Path("/srv") / ("long" * 40))
    assert len(str(layout.supervisor_socket)) <= LONGEST_SOCKET_PATH


def test_each_long_data_path_has_sockets_of_its_own() -> None:
    first, second = (Layout.at(Path("/srv") / ("long" * 40) / name) for name in "ab")
    assert first.sockets != second.sockets == Layout.at(second.data).sockets


def test_the_environment_leads_to_the_own_valkey(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    environment = layout.environment()
    assert environment["HAIRLINE_DATA"] == str(tmp_path)
    assert str(layout.valkey_socket) in environment["HAIRLINE_REDIS_URL"]


def test_valkey_listens_on_no_port_and_keeps_its_queue(tmp_path: Path) -> None:
    command = valkey_command(Layout.at(tmp_path), binary=Path("valkey-server"))
    settings = dict(zip(command[1::2], command[2::2], strict=True))
    assert settings["--port"] == "0"
    assert settings["--appendonly"] == "yes"
    assert settings["--maxmemory-policy"] == "noeviction"


def test_the_wheels_own_valkey_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert valkey_binary().name == "valkey-server"


def test_a_missing_valkey_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ProcessError, match="apt-get install"):
        valkey_binary()


def test_no_valkey_answers_in_an_empty_folder(tmp_path: Path) -> None:
    assert not valkey_answers(Layout.at(tmp_path))


def test_the_web_server_uses_threads_and_no_control_socket() -> None:
    command = web_command(bind="127.0.0.1:8000", python="python")
    assert command[:4] == ["python", "-m", "gunicorn", "inspection_site.wsgi"]
    assert {
        "inspection_site.web_worker.AttentiveWorker",
        "127.0.0.1:8000",
        "--no-control-socket",
    } <= set(command)


def test_a_worker_takes_one_task_of_its_queue_at_a_time() -> None:
    assert worker_command("train")[-6:] == [
        *("--queues", "train"),
        *("--concurrency", "1"),
        *("--hostname", "train@%h"),
    ]


def test_the_clock_keeps_its_schedule_where_it_is_told(tmp_path: Path) -> None:
    command = beat_command(schedule=tmp_path / "schedule")
    assert command[-3:] == ["--beat", "--schedule", str(tmp_path / "schedule")]
