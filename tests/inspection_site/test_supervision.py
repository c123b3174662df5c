"""supervisord's configuration."""

import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from inspection_site.processes import Layout, ProcessError, worker_command
from inspection_site.supervision import GROUPS, configuration, last_lines, programs


def parsed(data: Path) -> RawConfigParser:
    layout = Layout.at(data)
    parser = RawConfigParser()
    parser.read_string(configuration(layout, programs(layout, bind="127.0.0.1:8000")))
    return parser


def test_a_command_survives_the_configuration(tmp_path: Path) -> None:
    line = parsed(tmp_path / "a folder")["program:classify"]["command"]
    assert shlex.split(line.replace("%%", "%")) == worker_command("classify")


def test_a_percent_sign_in_the_path_is_kept(tmp_path: Path) -> None:
    assert "100%%/logs" in parsed(tmp_path / "100%")["supervisord"]["logfile"]


def test_a_path_that_would_start_a_comment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="HAIRLINE_DATA"):
        parsed(tmp_path / "bridge #4")


def test_valkey_stops_last_and_the_web_first(tmp_path: Path) -> None:
    sections = parsed(tmp_path)
    ranks = [int(sections[f"group:{group}"]["priority"]) for group in GROUPS]
    assert GROUPS == ("valkey", "workers", "web")
    assert ranks == sorted(ranks)


def test_a_stopping_worker_has_time_for_the_photo_in_hand(tmp_path: Path) -> None:
    section = parsed(tmp_path)["program:classify"]
    assert section["stopsignal"] == "TERM"
    assert int(section["stopwaitsecs"]) > 120


def test_a_stopping_training_goes_back_to_the_queue(tmp_path: Path) -> None:
    assert parsed(tmp_path)["program:train"]["stopsignal"] == "QUIT"


def test_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("\n".join(f"line {number}" for number in range(40)))
    assert last_lines(log).splitlines()[-1] == "  line 39"


def test_a_missing_log_is_shown_as_empty(tmp_path: Path) -> None:
    assert "(nothing)" in last_lines(tmp_path / "web.log")
