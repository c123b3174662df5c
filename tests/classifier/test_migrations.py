"""Upgrades: a filled site of an earlier release is brought up to date with nothing lost."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from tests.classifier.backup_world import FILL, place
from tests.console import Console
from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(600)

OLDEST = "0005_marks"
"""Before it there were no marks, which later releases' photos have; nobody ran it on real data."""

KEPT = """
import hashlib, io, json
from django.apps import apps
from classifier import dumps
CORE = "photo photoset structure inspection element prediction region decision user auditevent"
tables = dumps.digests(apps)
print({name: tables[f"classifier.{name}"]["rows"] for name in CORE.split()})
rows = io.BytesIO()
dumps.write(apps, rows)
LATER = {"embedding", "lesson", "blind", "batch"}  # which an earlier release did not have
for line in rows.getvalue().splitlines():
    label, fields = json.loads(line)
    fields = {name: value for name, value in fields.items() if name not in LATER}
    if label in ("classifier.decision", "classifier.prediction", "classifier.region"):
        print(label, json.dumps(fields))
"""

NO_WORKER = """
from django.utils import timezone
from classifier.models import Photo
Photo.objects.filter(state="waiting").update(uploaded_at=timezone.now())
"""
"""Nobody classifies here: what waits for long would be called stuck."""


def migrations() -> list[str]:
    nodes = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
    return sorted(name for app, name in nodes if app == "classifier")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def console(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    """A console on a site that is filled and up to date."""
    address = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        address = server.create_database("upgrades")
    with place(tmp_path_factory.mktemp("site"), database=address) as console:
        console.run("migrate", "--verbosity", "0")
        console.script(FILL)
        yield console


@pytest.mark.parametrize("target", [name for name in migrations()[:-1] if name >= OLDEST][::-1])
def test_a_filled_site_of_an_earlier_release_is_brought_up_to_date(
    console: Console, target: str
) -> None:
    """K6: back to each release, which also tries every reverse, and forward; nothing is lost."""
    before = console.script(KEPT)
    console.run("migrate", "classifier", target, "--verbosity", "0")
    console.run("migrate", "--verbosity", "0")
    assert console.script(KEPT) == before
    console.script(NO_WORKER)
    assert "nothing broken" in console.run("verify_invariants")


WRITE_AS_THEN = """
import tempfile
from pathlib import Path
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from classifier import archives, backups, dumps
loader = MigrationExecutor(connection).loader
applied = set(loader.applied_migrations)
ends = [node for node in applied if not set(loader.graph.node_map[node].children) & applied]
with archives.appearing(Path("ARCHIVE")) as archive, tempfile.TemporaryFile() as rows:
    archive.add_facts(archives.HEADER, backups.header(timezone.now()))
    tables = dumps.write(loader.project_state(ends).apps, rows)
    rows.seek(0)
    archive.add(archives.ROWS, rows)
    for root in (settings.MEDIA_ROOT, settings.MODELS_ROOT):
        for path in filter(Path.is_file, root.rglob("*")):
            archive.add(f"{root.name}/{path.relative_to(root)}", path.open("rb"))
    archive.close(tables=tables, missing=[])
"""


def test_a_backup_of_an_earlier_release_is_restored_and_brought_up_to_date(
    console: Console, tmp_path: Path
) -> None:
    """As that release would have written it: with its tables, before models had seals."""
    archive = tmp_path / "old.tar"
    before = console.script(KEPT)
    console.run("migrate", "classifier", "0011_sign_offs", "--verbosity", "0")
    console.script(WRITE_AS_THEN.replace("ARCHIVE", str(archive)))
    console.run("migrate", "--verbosity", "0")
    with place(tmp_path / "new") as new:
        assert "nothing broken" in new.run("restore", str(archive))
        restored = new.script(KEPT)
    assert restored.splitlines()[1:] == before.splitlines()[1:]


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    words = io.StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=words)
    assert "No changes detected" in words.getvalue()


def test_a_site_that_is_not_up_to_date_is_not_backed_up(tmp_path: Path) -> None:
    with place(tmp_path) as console:
        console.run("migrate", "classifier", migrations()[-2], "--verbosity", "0")
        with pytest.raises(AssertionError, match=r"older than this release. Run `manage.py mig"):
            console.run("backup")
