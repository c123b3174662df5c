"""S18: lines that lead from a request to its task, and tell nothing of people and no secret."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import structlog
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from classifier import sharing
from inspection_site import logs
from inspection_site.celery import app
from tests.factories import make_user

TOKEN = "k" * 43


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Catch what the site would write, as JSON lines."""
    stream = io.StringIO()
    configuration = logs.configuration("json")
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield stream
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {}})
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# --- one id ---
@pytest.mark.django_db
def test_a_request_is_one_line_with_the_id_that_it_answers_with(
    client: Client, stream: io.StringIO
) -> None:
    answer = client.get(reverse("shared-report", args=[TOKEN]))
    (told,) = (line for line in lines(stream) if line["event"] == "request")
    assert told["request_id"] == answer[logs.HEADER]
    assert (told["route"], told["method"], told["status"]) == ("shared-report", "GET", 404)


@pytest.mark.django_db
@pytest.mark.parametrize(("behind_nginx", "kept"), [(True, True), (False, False)])
def test_only_our_nginx_may_number_a_request(
    client: Client, settings: Settings, behind_nginx: bool, kept: bool
) -> None:
    settings.ACCEL_REDIRECT = behind_nginx
    answer = client.get("/readyz", headers={logs.HEADER: "f00d" * 8})
    assert (answer[logs.HEADER] == "f00d" * 8) is kept


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["x\r\nSet-Cookie: a=b", "short", "a" * 65, "<script>"])
def test_an_id_that_is_none_is_replaced(client: Client, settings: Settings, forged: str) -> None:
    settings.ACCEL_REDIRECT = True
    answer = client.get("/readyz", headers={logs.HEADER: forged})
    assert logs.LOOKS_LIKE_AN_ID.fullmatch(answer[logs.HEADER])
    assert answer[logs.HEADER] != forged


def test_the_id_travels_with_the_message_into_the_lines_of_the_task(stream: io.StringIO) -> None:
    headers: dict[str, object] = {}
    with structlog.contextvars.bound_contextvars(request_id="a" * 32):
        logs._send_id(headers=headers)
    task = SimpleNamespace(name="classify", request=headers)
    logs._take_id(task_id="t-1", task=task)
    logging.getLogger("classifier").info("looked at it")
    logs._drop_id()
    logging.getLogger("classifier").info("another")
    during, after = lines(stream)
    assert (during["request_id"], during["task_id"]) == ("a" * 32, "t-1")
    assert "request_id" not in after


def test_a_message_without_an_id_is_no_error(stream: io.StringIO) -> None:
    for given in ({}, {logs.MESSAGE_HEADER: 7}, {logs.MESSAGE_HEADER: "a\nb"}):
        logs._take_id(task_id="t-1", task=SimpleNamespace(name="sweep", request=given))
        assert "request_id" not in structlog.contextvars.get_contextvars()
    assert app.conf.worker_hijack_root_logger is False


@pytest.mark.django_db
def test_a_fault_is_a_line_with_what_led_there(
    client: Client, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a beam is missing")

    monkeypatch.setattr(sharing, "opened", fail)
    client.raise_request_exception = False
    assert client.get(reverse("shared-report", args=[TOKEN])).status_code == 500
    (told,) = (line for line in lines(stream) if "exception" in line)
    assert told["level"] == "error"
    assert "a beam is missing" in str(told["exception"])
    assert "share_links.py" in str(told["exception"])


# --- nobody's secrets ---
@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\u2028", "\x85", "\x1b[2J"])
def test_a_name_cannot_forge_a_line(end: str, form: str) -> None:
    stream = io.StringIO()
    configuration = logs.configuration(form)
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    logging.getLogger("classifier").warning("photo %s", f"deck.jpg{end}CRITICAL root: all is lost")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {}})
    assert len(stream.getvalue().splitlines()) == 1
    assert end not in stream.getvalue().rstrip("\n")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Not Found: /shared/{TOKEN}/", TOKEN),
        (f"Not Found: /welcome/MQ/{TOKEN}/", TOKEN),
        ("Cookie: sessionid=0123456789abcdef; csrftoken=zyx", "0123456789abcdef"),
        ("fields {'password': 'concrete-and-steel'}", "concrete-and-steel"),
        ("password1=concrete-and-steel&b=2", "concrete-and-steel"),
        ("cannot reach redis://:hunter2hunter2@redis:6379/0", "hunter2hunter2"),
        ("cannot reach postgres://hairline:hunter2hunter2@db/x", "hunter2hunter2"),
    ],
)
def test_what_opens_a_door_is_left_out(stream: io.StringIO, text: str, secret: str) -> None:
    logging.getLogger("django.request").warning("%s", text)
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logging.getLogger("classifier").exception("failed")
    assert secret not in stream.getvalue()
    assert len(lines(stream)) == 2


@pytest.mark.django_db
def test_signing_in_logs_neither_name_nor_password_nor_session(
    client: Client, stream: io.StringIO
) -> None:
    person = make_user("viewer")
    person.set_password("concrete-and-steel-4711")
    person.save()
    for password in ("concrete-and-steel-4711", *["wrong-and-typed-4712"] * 6):
        fields = {"username": person.username, "password": password}
        client.post(reverse("sign-in"), fields, headers={"User-Agent": "A phone"})
    text = stream.getvalue()
    secrets = (client.cookies["sessionid"].value, "concrete-and", "wrong-and", "A phone")
    assert '"route": "sign-in"' in text
    assert not any(secret in text for secret in (*secrets, person.username, "127.0.0.1"))
