"""The register of structures as a table (CSV), out and in."""

import csv
import io
from collections.abc import Iterable

from django.utils.translation import gettext as _

from classifier.models import Structure
from classifier.reporting import cell

COLUMNS = (
    *("name", "type", "location", "latitude", "longitude"),
    *("concrete", "exposure", "elements", "notes"),
)
MOST_ROWS = 1000
MOST_BYTES = 2_000_000
SEPARATOR = "; "
"""Between the elements of one structure."""

Row = dict[str, str]


class TableRefused(Exception):
    """No table of structures; the message says what is wrong and what to do."""


def as_csv(structures: Iterable[Structure]) -> str:
    """Return a table that `read` understands. No cell can be taken for a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for each in structures:
        place = (each.location, each.latitude, each.longitude)
        elements = SEPARATOR.join(element.name for element in each.elements.all())
        facts = (each.reinforcement, each.exposure, elements, each.notes)
        writer.writerow([cell(value) for value in (each.name, each.kind, *place, *facts)])
    return file.getvalue()


def read(content: bytes) -> list[Row]:
    """Return the rows of a table by the names of their columns; raises TableRefused.

    A comma or a semicolon separates, as spreadsheets of different countries write it; columns may
    be missing, but for the name and the type.
    """
    text = _text(content)
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    lines = csv.reader(io.StringIO(text), delimiter=separator)
    names = [name.strip().lower() for name in next(lines, [])]
    odd = [name for name in names if name not in COLUMNS]
    if odd or len(set(names)) < len(names) or not {"name", "type"} <= set(names):
        told = _("The first row has to name the columns, each once: %(columns)s.")
        raise TableRefused(told % {"columns": ", ".join(COLUMNS)})
    rows = [dict(zip(names, map(_value, line), strict=False)) for line in lines if any(line)]
    if not 0 < len(rows) <= MOST_ROWS:
        told = _("A table has 1 to %(most)s structures; this one has %(count)s.")
        raise TableRefused(told % {"most": MOST_ROWS, "count": len(rows)})
    return rows


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(content) > MOST_BYTES:
        raise TableRefused(_("This is no table. Save it as “CSV UTF-8” and choose that file."))
    return text


def _value(text: str) -> str:
    """A cell without the mark that keeps spreadsheets from taking it for a formula."""
    text = text.strip()
    return text[1:] if text == cell(text[1:]) else text
