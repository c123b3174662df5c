"""The database of a new site: SQLite's is migrated once in a run of tests, then copied."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.live_site import LiveSite

_made: dict[Path, bytes] = {}
"""An empty database by the folder of the code that made it."""


def migrate(site: "LiveSite") -> None:
    """Bring the database of a site to its newest form, by manage.py where there is no copy."""
    database = site.layout.data / "db.sqlite3"
    is_fresh = "HAIRLINE_DATABASE_URL" not in site.environment and not database.exists()
    if is_fresh and site.code in _made:
        database.write_bytes(_made[site.code])
        return
    site.manage("migrate", "--verbosity", "0")
    if is_fresh:
        _made[site.code] = database.read_bytes()
