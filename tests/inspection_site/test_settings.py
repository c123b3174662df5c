import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from celery.app.defaults import NAMESPACES, flatten
from django.conf import settings

from classifier import tasks
from inspection_site.celery import app

READ_POLICY = (
    "from inspection_site import settings;"
    "print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'])"
)
READ = "from inspection_site import settings; print(settings.SECRET_KEY)"


def read_settings(
    folder: Path, read: str = READ, **variables: str
) -> subprocess.CompletedProcess[str]:
    own = {f"HAIRLINE_{name}": value for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-c", read],
        env={**os.environ, "HAIRLINE_DATA": str(folder), **own},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ENGINE", "torch", "keras, stub"),
        ("SWEEP_SECONDS", "0", "1"),
        ("DEBUG", "maybe", "boolean"),
        ("TIME_ZONE", "Mars", "Europe/London"),
        ("REDIS_URL", "http://127.0.0.1", "redis://"),
        ("MAP_TILES", "http://tiles.example.org", "{z}/{x}/{y}"),
        ("REPLAY_DATA", "/nowhere", "index.csv"),
    ],
)
def test_a_bad_value_is_refused_with_variable_value_and_what_is_allowed(
    tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    refusal = read_settings(tmp_path, **{name: value}).stderr.splitlines()[-1]
    assert f"HAIRLINE_{name}" in refusal
    assert repr(value) in refusal
    assert allowed in refusal


def test_tiles_of_the_map_may_come_from_their_server_alone(tmp_path: Path) -> None:
    tiles = "https://tiles.example.org/a/{z}/{x}/{y}.png"
    assert "https:" not in read_settings(tmp_path, READ_POLICY).stdout
    policy = read_settings(tmp_path, READ_POLICY, MAP_TILES=tiles).stdout
    assert "'https://tiles.example.org'" in policy


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = (read_settings(tmp_path).stdout.strip() for _ in range(2))
    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_no_two_sites_share_a_key(tmp_path: Path) -> None:
    keys = {read_settings(tmp_path / name).stdout for name in ("one", "two")}
    assert len(keys) == 2


def test_every_setting_of_the_queue_is_one_that_celery_knows() -> None:
    known = {name for name, _ in flatten(NAMESPACES)}
    given = {name.removeprefix("CELERY_").lower() for name in dir(settings) if "CELERY_" in name}
    assert "task_acks_late" in given
    assert given - known == set(), "Celery ignores a name it does not know, silently."


MEASURED = {
    "task_acks_late": True,  # else a killed child loses its photo's message
    "task_reject_on_worker_lost": True,
    "task_acks_on_timeout": False,  # a hard time limit would drop the message, too
    "task_ignore_result": True,
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "broker_connection_retry_on_startup": True,
}


@pytest.mark.parametrize("name", MEASURED)
def test_the_queue_loses_nothing_by_its_settings(name: str) -> None:
    assert app.conf[name] == MEASURED[name]


def test_a_message_is_not_given_out_twice_while_a_photo_is_looked_at() -> None:
    longest = tasks.classify_photo.time_limit
    options = app.conf.broker_transport_options
    assert longest == settings.CLASSIFY_LEASE_SECONDS
    assert longest < options["visibility_timeout"]
    assert options["socket_timeout"] + options["socket_connect_timeout"] <= 7
