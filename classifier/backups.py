"""Backups: everything the site holds at one moment, in one file, while it is in use.

The moment is that of the database: its rows are read from one snapshot, and the files are those of
the rows. A photo committed later is in the next backup; a file without its row is in none. Not in
it: the two keys (secret_key, model_key), who is signed in, and the queue.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from classifier import archives, dumps, failpoints, photo_files, printing, versions
from classifier.archives import ArchiveWriter, Tell, Ticker
from classifier.models import AuditEvent, ModelVersion, Photo, Pulse, Report
from classifier.states import VersionState

BACKUP = "backup"
"""The pulse of the last backup: file, bytes, photos, whether it was read back, what was missing."""
MISSING_NAMED = 20


class CannotBackUp(Exception):
    """No backup can be taken now; the message is a sentence for a person."""


@dataclass(frozen=True)
class Backup:
    path: Path
    size: int
    photos: int
    missing: list[str]
    """Files that rows promise and that were not there: the site had lost them before."""


def last() -> Pulse | None:
    """The last backup that was finished, for the system page. `at` is when; `detail` has `file`,
    `bytes`, `photos`, `verified` (read back whole from its disk) and `missing`.
    """
    return Pulse.objects.of(BACKUP)


def take(folder: Path, *, now: datetime, tell: Tell) -> Backup:
    """Write a backup into `folder`, read it back, note it, and return what it is.

    Raises CannotBackUp, BadArchive where the disk gives back other bytes, and OSError.
    """
    _refuse_unmigrated()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hairline-{now:%Y%m%dT%H%M%SZ}.tar"
    with archives.appearing(path) as archive:
        photos, missing = _fill(archive, now=now, tell=tell)
        tell("Reading it back …")
    backup = Backup(path, path.stat().st_size, photos, missing)
    _note(backup)
    return backup


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Remove all but the newest backups of a folder; return those removed."""
    old = sorted(folder.glob("hairline-????????T??????Z.tar"))[:-count]
    for path in old:
        path.unlink()
    return old


def _refuse_unmigrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CannotBackUp(
            "The database is older than this release. Run `manage.py migrate` first, or back up "
            "with the release that it belongs to."
        )


def _note(backup: Backup) -> None:
    detail = {
        "file": str(backup.path),
        "bytes": backup.size,
        "photos": backup.photos,
        "verified": True,
        "missing": len(backup.missing),
    }
    with transaction.atomic():
        Pulse.objects.beat(BACKUP, **detail)
        pulse = Pulse.objects.of(BACKUP)
        assert pulse is not None
        AuditEvent.objects.record("backup taken", pulse, by=None, **detail)


def _fill(archive: ArchiveWriter, *, now: datetime, tell: Tell) -> tuple[int, list[str]]:
    archive.add_facts(archives.HEADER, header(now))
    tell("Reading the database …")
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as rows:
        with dumps.snapshot():
            tables = dumps.write(apps, rows)
            files = _Files.of_rows()
        rows.seek(0)
        archive.add(archives.ROWS, rows)
    failpoints.hit("B1")
    missing = files.copy(archive, Ticker(tell, f"Copied, of {len(files.photos):,} photos,"))
    archive.close(tables=tables, missing=missing)
    return len(files.photos), missing


def header(now: datetime) -> dict[str, object]:
    """What a backup taken at `now` says of itself."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "product": "Hairline",
        "format": archives.FORMAT,
        "taken_at": now.isoformat(),
        "database": connection.vendor,
        "engine": settings.ENGINE,
        "migrations": sorted(f"{app}.{name}" for app, name in applied),
    }


@dataclass(frozen=True)
class _Files:
    """The files that belong to the rows of the snapshot."""

    photos: list[Photo]
    reports: list[Path]
    versions: list[ModelVersion]

    @classmethod
    def of_rows(cls) -> "_Files":
        return cls(
            photos=Photo.objects.for_backup(),
            reports=[printing.file_of(report) for report in Report.objects.written()],
            versions=list(ModelVersion.objects.order_by("pk")),
        )

    def copy(self, archive: ArchiveWriter, ticker: Ticker) -> list[str]:
        """Copy them all and return the names of those that are not there."""
        missing = []
        for path, root, needed in self._paths():
            name = f"{root.name}/{path.relative_to(root).as_posix()}"
            try:
                with path.open("rb") as file:
                    ticker.count(archive.add(name, file))
            except FileNotFoundError:
                missing += [name] * needed
            failpoints.hit("B2", ticker.files)
        return missing

    def _paths(self) -> Iterator[tuple[Path, Path, bool]]:
        """Yield each path, the folder it is named from, and whether it must be there."""
        media, models = Path(settings.MEDIA_ROOT), Path(settings.MODELS_ROOT)
        for photo in self.photos:
            yield photo_files.original(photo), media, True
            for path in _within(photo_files.derived(photo)):
                yield path, media, False
        for path in self.reports:
            yield path, media, True
        for version in self.versions:
            folder = versions.model_folder(version)
            if version.state != VersionState.DISCARDED and not folder.is_dir():
                yield folder, models, True
            for path in _within(folder):
                yield path, models, False


def _within(folder: Path) -> list[Path]:
    """The finished files below a folder; those under way have a name with a dot in front."""
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_file() and not path.name.startswith(".")]
