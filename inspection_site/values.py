"""What a setting may be, and the sentence that stops the start where it is something else."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from environs import EnvValidationError, ValidationError


def private_key(file: Path) -> str:
    """Return the secret kept in `file`, made at random with the first start (mode 0600)."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text().strip()


def long_or_absent(key: str) -> None:
    """Refuse a secret that can be guessed, such as a word or the sample of a manual."""
    if key and len(key) < 50:
        raise ValidationError("Shorter than 50 characters; make one: openssl rand -base64 48")


@contextmanager
def readable_refusals() -> Iterator[None]:
    """Stop the start on a bad value with its variable, what it is, and what is allowed."""
    try:
        yield
    except EnvValidationError as error:
        name = str(error).split('"')[1]
        told = error.error_messages
        why = " ".join(map(str, told)) if isinstance(told, list) else str(told)
        sentence = f"{name} is {os.environ.get(name)!r}. {why.rstrip('.')}."
        raise ImproperlyConfigured(sentence) from None


def time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("No time zone; one is UTC or Europe/London") from None


def redis_address(address: str) -> None:
    if not address.startswith(("redis://", "rediss://", "redis+socket://")):
        raise ValidationError("Must begin with redis://, rediss:// or redis+socket://")


def tile_address(address: str) -> None:
    if address and not (address.startswith("https://") and "{z}/{x}/{y}" in address):
        raise ValidationError("Must be empty or like https://tiles.example.org/{z}/{x}/{y}.png")


def tile_sources(address: str) -> list[str]:
    """Return from where tiles of this address come, as a policy names it: `{s}` is any server."""
    return ["/".join(address.split("/")[:3]).replace("{s}", "*")] if address else []


def folder_of_photos(folder: str) -> None:
    if folder and not (Path(folder) / "index.csv").is_file():
        raise ValidationError("Must be empty or a folder with an index.csv")


def translations(folder: Path) -> list[tuple[str, str]]:
    """Return the languages with compiled texts in `folder`, each with what it calls itself."""
    found = sorted(file.parts[-3] for file in folder.glob("*/LC_MESSAGES/django.mo"))
    codes = [name.replace("_", "-").lower() for name in found]
    return [(code, LANG_INFO.get(code, {}).get("name_local", code)) for code in codes]
