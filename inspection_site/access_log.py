"""What the site logs, without what opens a door: the tokens of report links."""

import logging
import re
from typing import Any

from gunicorn.glogging import Logger

TOKEN = re.compile(r"(?<=/shared/)[\w-]+")


class DiscreetLog(Logger):  # type: ignore[misc]  # gunicorn carries no types
    """Writes `/shared/…/` where somebody opened a report by its link."""

    def atoms(self, *args: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().atoms(*args)
        return {name: _without_token(value) for name, value in told.items()}


class WithoutTokens(logging.Filter):
    """The same for Django's lines, such as that of a link that is shut."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_token, record.args))
        return True


def _without_token(value: object) -> object:
    return TOKEN.sub("…", value) if isinstance(value, str) else value
