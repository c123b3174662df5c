"""All rows as lines of text that no database colours: the same site gives the same bytes anywhere.

A line is `["classifier.photo", {"id": 1, …}]`: keys sorted, moments in UTC to the microsecond,
numbers as Python writes them. Tables come by name and rows by id, so that a digest of a table's
lines tells whether two databases, SQLite or PostgreSQL, hold the same.
"""

import base64
import datetime
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.apps.registry import Apps
from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model

CHUNK = 1000
LEFT_OUT = {"sessions.session"}
"""Who is signed in: not part of a backup; people sign in again."""
MADE_BY_MIGRATIONS = {
    "auth.group",
    "auth.group_permissions",
    "auth.permission",
    "contenttypes.contenttype",
}

Table = type[Model]
Digests = dict[str, dict[str, object]]
"""Of each table by its label: how many rows, and the SHA-256 of their lines."""


def tables(apps: Apps) -> list[Table]:
    models = apps.get_models(include_auto_created=True)
    kept = [model for model in models if model._meta.label_lower not in LEFT_OUT]
    return sorted(kept, key=lambda model: model._meta.label_lower)


@contextmanager
def snapshot() -> Iterator[None]:
    """Within, reading sees one moment, whatever others write meanwhile; nobody has to wait."""
    begin = "BEGIN"  # a reader of SQLite's write-ahead log, not Django's IMMEDIATE
    if connection.vendor == "postgresql":
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def write(apps: Apps, out: IO[bytes]) -> Digests:
    return {model._meta.label_lower: _dump(model, out) for model in tables(apps)}


def digests(apps: Apps) -> Digests:
    return {model._meta.label_lower: _dump(model, None) for model in tables(apps)}


def _dump(model: Table, out: IO[bytes] | None) -> dict[str, object]:
    digest, count = hashlib.sha256(), 0
    for row in _rows(model):
        line = _line([model._meta.label_lower, row])
        digest.update(line)
        count += 1
        if out is not None:
            out.write(line)
    return {"rows": count, "sha256": digest.hexdigest()}


def _rows(model: Table) -> Iterator[dict[str, Any]]:
    key = model._meta.pk.attname
    names = [field.attname for field in model._meta.local_concrete_fields]
    rows = model._base_manager.order_by("pk").values(*names)
    chunk = list(rows[:CHUNK])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(pk__gt=chunk[-1][key])[:CHUNK])


def _line(value: object) -> bytes:
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), default=_plain, ensure_ascii=False
    )
    return text.encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date | uuid.UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"no plain text for {type(value).__name__}")


# --- reading back ---
def is_empty() -> bool:
    """Whether the database holds nothing but what migrations make."""
    from django.apps import apps

    present = set(connection.introspection.table_names())
    return not any(
        model._base_manager.exists()
        for model in tables(apps)
        if model._meta.label_lower not in MADE_BY_MIGRATIONS and model._meta.db_table in present
    )


def load(apps: Apps, lines: Iterable[bytes]) -> None:
    """Put exactly these rows into the tables, which hold only what migrations made.

    Call in a transaction. Raises ValueError, KeyError or LookupError for lines that are no dump.
    """
    models = {model._meta.label_lower: model for model in tables(apps)}
    for model in models.values():
        model._base_manager.all().delete()
    for line in lines:
        label, fields = json.loads(line)
        _insert(models[label], fields)
    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(statement)


def _insert(model: Table, fields: dict[str, Any]) -> None:
    values = {
        field.attname: field.to_python(fields[field.attname])
        for field in model._meta.local_concrete_fields
    }
    # Raw: as it was, where saving would put today's date into what was created long ago.
    model(**values).save_base(raw=True, force_insert=True)
