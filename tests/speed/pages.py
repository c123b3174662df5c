"""`./dev bench pages`: how long pages take on a site with 100,000 photos, and how many queries.

Fills a SQLite database of its own, then asks for each page many times through all middleware, as
the admin who sees most. Prints a table; ends with 1 where a page is over its budget.
"""

import argparse
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_QUERIES, MOST_MILLISECONDS = 15, 500


@dataclass(frozen=True)
class Measured:
    name: str
    queries: int
    milliseconds: list[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        return sorted(self.milliseconds)[int(0.95 * (len(self.milliseconds) - 1))]

    @property
    def is_within_budget(self) -> bool:
        return self.queries <= MOST_QUERIES and self.p95 <= MOST_MILLISECONDS

    def __str__(self) -> str:
        mark = "" if self.is_within_budget else " **over**"
        return f"| {self.name} | {self.queries} | {self.p50:.0f} | {self.p95:.0f}{mark} |"


def start_django(folder: Path) -> None:
    """Start Django on a database of its own in `folder`."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "inspection_site.settings",
        "HAIRLINE_DATA": str(folder),
        "HAIRLINE_DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "HAIRLINE_ENGINE": "stub",
        "HAIRLINE_ALLOWED_HOSTS": "testserver",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def prepare(folder: Path, photos: int) -> None:
    """Start Django on a database in `folder`; fill it unless it is filled."""
    start_django(folder)
    from classifier.models import Photo
    from tests.speed import crowd

    if not Photo.objects.exists():
        crowd.fill(photos, structures=max(10, photos // 400))


def measure(rounds: int) -> Iterator[Measured]:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.speed.addresses import addresses

    client = Client()
    client.force_login(
        get_user_model().objects.get(username="bench"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    for name, path in addresses().items():
        client.get(path)  # templates are compiled once a process
        milliseconds, queries = [], 0
        for _ in range(rounds):
            with CaptureQueriesContext(connection) as asked:
                began = time.perf_counter()
                answer = client.get(path)
                milliseconds.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, f"{path} answered {answer.status_code}"
            queries = max(queries, len(asked))
        yield Measured(name, queries, milliseconds)


def machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, load {load:.1f} at the start; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench pages")
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20, help="requests for each page")
    parser.add_argument("--folder", type=Path, help="keep the filled database here")
    chosen = parser.parse_args()
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        prepare(chosen.folder or Path(name), chosen.photos)
        say(f"{machine()}\n{chosen.photos} photos, filled in {time.monotonic() - began:.0f} s\n\n")
        say("| page | queries | p50, ms | p95, ms |\n| --- | ---: | ---: | ---: |\n")
        found = []
        for measured in measure(chosen.rounds):
            found.append(measured)
            say(f"{measured}\n")
            sys.stdout.flush()
    sys.exit(0 if all(each.is_within_budget for each in found) else 1)


if __name__ == "__main__":
    main()
