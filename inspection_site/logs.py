"""One line for each thing that happened: its request, its task, and nobody's secrets.

A request's id travels in the header of the message that it sends to the queue, so the lines of an
upload and of the classification it asked for are found by one word.
"""

import logging
import logging.config
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from celery import signals
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
MESSAGE_HEADER = "hairline_request_id"
LOOKS_LIKE_AN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
QUIET = ("healthz", "readyz", "metrics")
"""What machines ask every few seconds."""

SECRETS = (
    (re.compile(r"(/(?:shared|welcome)/)[\w:/-]+"), r"\1…/"),
    (
        re.compile(
            r"(?i)(sessionid|csrftoken|csrfmiddlewaretoken|password\w*)(\W{1,4})[^\s;&,'\"]+"
        ),
        r"\1\2…",
    ),
    (re.compile(r"(?i)(rediss?|postgres(?:ql)?|amqp)(://[^:@/\s]*:)[^@/\s]+@"), r"\1\2…@"),
)
ENDS_OF_LINES = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")

Line = MutableMapping[str, Any]
logger = logging.getLogger("hairline.request")


# --- What a line may say ---
def discreet(_logger: object, _method: str, line: Line) -> Line:
    """Take out what opens a door: tokens of links, session ids, passwords."""
    return {name: _without_secrets(value) for name, value in line.items()}


def _without_secrets(value: object) -> object:
    if not isinstance(value, str):
        return value
    for pattern, replacement in SECRETS:
        value = pattern.sub(replacement, value)
    return value


def on_one_line(_logger: object, _method: str, line: Line) -> Line:
    """Show line ends and control characters as escapes, so that no text can forge a line."""
    return {
        name: _escaped(value) if isinstance(value, str) and name != "exception" else value
        for name, value in line.items()
    }


def _escaped(text: str) -> str:
    return ENDS_OF_LINES.sub(lambda found: repr(found[0])[1:-1], text)


def configuration(form: str) -> dict[str, Any]:
    """Return Django's LOGGING: `json` for machines, one object a line, or `text` for people."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["route", "method", "status", "seconds"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        discreet,
        on_one_line,
    ]
    as_text = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, sort_keys=False)
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else as_text
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # A line for every step and font of every report would bury what matters.
            **{name: {"level": "WARNING"} for name in ("weasyprint", "fontTools")},
            # It names people and their addresses; the audit log does, for those who may see them.
            "axes": {"level": "ERROR"},
        },
    }


# --- The id of a request ---
Respond = Callable[[HttpRequest], HttpResponseBase]


def request_middleware(respond: Respond) -> Respond:
    """Give each request an id, answer with it, and write one line: its route, never its address."""

    def respond_logged(request: HttpRequest) -> HttpResponseBase:
        request_id, begin = _id_of(request), time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = respond(request)
            _tell(request, response, time.monotonic() - begin)
        response[HEADER] = request_id
        return response

    return respond_logged


def _id_of(request: HttpRequest) -> str:
    """Our nginx numbers requests; what anybody else claims is not believed."""
    given = request.headers.get(HEADER, "") if settings.ACCEL_REDIRECT else ""
    return given if LOOKS_LIKE_AN_ID.fullmatch(given) else uuid.uuid4().hex


def _tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    route = match.view_name if match else "none"
    logger.log(
        logging.DEBUG if route in QUIET else logging.INFO,
        "request",
        extra={
            "method": request.method if request.method in METHODS else "other",
            "route": route,
            "status": response.status_code,
            "seconds": round(seconds, 3),
        },
    )


# --- The same id in the tasks that a request asks for ---
def watch_tasks() -> None:
    """Let ids travel with messages, and workers log as the site does; called once."""
    signals.before_task_publish.connect(_send_id)
    signals.task_prerun.connect(_take_id)
    signals.task_postrun.connect(_drop_id)
    signals.setup_logging.connect(_log_as_the_site)


def _send_id(headers: dict[str, Any] | None = None, **_kwargs: object) -> None:
    bound = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and bound:
        headers[MESSAGE_HEADER] = bound


def _take_id(task_id: str, task: Any, **_kwargs: object) -> None:
    ids = {"task_id": task_id, "task": task.name}
    given = task.request.get(MESSAGE_HEADER)
    if isinstance(given, str) and LOOKS_LIKE_AN_ID.fullmatch(given):
        ids["request_id"] = given
    structlog.contextvars.bind_contextvars(**ids)


def _drop_id(**_kwargs: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task", "request_id")


def _log_as_the_site(**_kwargs: object) -> None:
    """Keep Celery from setting up lines of its own."""
    logging.config.dictConfig(settings.LOGGING)
