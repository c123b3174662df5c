"""docker-compose.yml: valid, the same commands as `./dev run`, and no secret of its own."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from inspection_site.processes import DURABLE_QUEUE, beat_command, web_command, worker_command
from tests.conventions.source import complaint, read

TEXT = read(Path("docker-compose.yml"))
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("web", "worker-classify", "worker-train", "beat")
COMMANDS = {
    "web": web_command(bind="0.0.0.0:8000", python="python"),
    "worker-classify": worker_command("classify", python="python"),
    "worker-train": worker_command("train", python="python"),
    "beat": beat_command(schedule=Path("/data/run/beat-schedule"), python="python"),
}


def test_the_compose_file_is_valid() -> None:
    schema = json.loads(read(Path("tests/conventions/compose-spec/compose-spec.json")))
    validator = jsonschema.Draft202012Validator(schema)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(COMPOSE)]
    assert not errors, complaint("The Compose specification does not allow:", errors)


@pytest.mark.parametrize("service", OWN)
def test_production_runs_the_commands_of_dev_run(service: str) -> None:
    why = "What is tried out with ./dev run has to be what runs in production."
    assert SERVICES[service]["command"] == COMMANDS[service], why


def test_the_queue_is_as_durable_as_that_of_dev_run() -> None:
    words = [word for name, value in DURABLE_QUEUE.items() for word in (f"--{name}", value)]
    command = SERVICES["redis"]["command"]
    assert command[1 : 1 + len(words)] == words, "A killed redis must not forget waiting photos."


def test_every_setting_is_one_that_the_site_reads() -> None:
    settings = read(Path("inspection_site/settings.py"))
    given = [name for name in SERVICES["web"]["environment"] if name.startswith("HAIRLINE_")]
    unread = [name for name in given if f'"{name.removeprefix("HAIRLINE_")}"' not in settings]
    assert not unread, complaint("The site ignores these settings, silently:", unread)


def test_every_secret_has_to_be_given() -> None:
    secrets = set(re.findall(r"\$\{(HAIRLINE_(?:\w+_)?(?:PASSWORD|KEY))\b", TEXT))
    optional = [name for name in secrets if f"${{{name}:?" not in TEXT or f"${{{name}:-" in TEXT]
    assert secrets, "The compose file names no secret; is it empty?"
    assert not optional, complaint("A default password is everybody's password:", optional)


def test_every_service_tells_its_health() -> None:
    silent = [n for n, s in SERVICES.items() if n != "prepare" and "healthcheck" not in s]
    assert not silent, complaint("A hung process looks alive without a health check:", silent)


def test_only_nginx_is_reachable_from_outside() -> None:
    reachable = {name for name, service in SERVICES.items() if "ports" in service}
    assert reachable == {"nginx"}, "Redis and PostgreSQL must not answer to the network."


def test_only_nginx_has_a_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    outside = {n for n, s in SERVICES.items() if s.get("networks") != ["inside"]}
    assert outside == {"nginx"}, "What is broken into there must not be able to call home."


def test_nginx_overwrites_what_a_client_says_of_itself() -> None:
    nginx = read(Path("deploy/nginx.conf"))
    set_to = dict(re.findall(r"proxy_set_header (X-[\w-]+) (\S+);", nginx))
    wanted = {"X-Forwarded-For": "$remote_addr", "X-Forwarded-Proto": "$scheme"}
    assert set_to == {**wanted, "X-Request-ID": "$request_id"}, "The site believes these headers."


def test_nothing_runs_as_root() -> None:
    dockerfile = read(Path("Dockerfile"))
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE), "A break-in must not own the host."
