"""Restoring a backup into an empty place: all of it, or nothing.

The archive is unpacked beside the data and believed only when every checksum fits. Rows and files
then come into their places in one transaction: whoever looks sees an empty site or a whole one.
What a killed restore left is recognised by its folder `restoring`, and cleared by the next one.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.apps.registry import Apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from classifier import archives, dumps, failpoints, seals, verification
from classifier.archives import ArchiveReader, Tell, Ticker
from classifier.engine import ModelFileError
from classifier.models import AuditEvent, Photo, Pulse
from classifier.states import VersionState
from classifier.verification import Finding

RESTORE = "restore"
"""The pulse of the restore that made this site: which backup, and when that was taken."""


class CannotRestore(Exception):
    """The site is as it was; the message is a sentence that says why."""


class OutcomeUnknown(CannotRestore):
    """The database broke off in mid-commit: the site is either whole or, as before, empty."""


@dataclass(frozen=True)
class Restored:
    photos: int
    waiting: int
    """Photos that wait for a worker."""
    taken_at: str
    findings: list[Finding]
    """What the site had lost already when the backup was taken."""


def restore(path: Path, *, now: datetime, reseal: bool, tell: Tell) -> Restored:
    """Restore a backup into this site, which has to be empty, and verify it.

    A backup of an earlier release is loaded as that release had it and brought up to date. With
    `reseal` the models are taken over although another key sealed them. Raises CannotRestore and
    BadArchive; nothing was changed then.
    """
    archive = ArchiveReader(path)
    migrations = _known_migrations(archive)
    with _staging() as staging:
        _refuse_full_site()
        _refuse_full_disk(path)
        _unpack(archive, staging, Ticker(tell, "Unpacked"))
        failpoints.hit("R1")
        tell("Loading the database …")
        _take_over(archive, staging, _at(migrations), reseal=reseal)
        failpoints.hit("R4")
    call_command("migrate", verbosity=0)
    ContentType.objects.clear_cache()
    _note(archive, now)
    tell("Verifying …")
    return Restored(
        photos=Photo.objects.count(),
        waiting=Photo.objects.pending().count(),
        taken_at=str(archive.header["taken_at"]),
        # Without a worker nothing gets on: that photos wait is no loss.
        findings=[found for found in verification.verify(now=now) if found.invariant != "I2"],
    )


def _note(archive: ArchiveReader, now: datetime) -> None:
    detail = {"file": archive.path.name, "taken_at": archive.header["taken_at"]}
    with transaction.atomic():
        pulse = Pulse.objects.update_or_create(name=RESTORE, defaults={"at": now, "detail": detail})
        AuditEvent.objects.record("site restored", pulse[0], by=None, **detail)


# --- before anything is touched ---
def _known_migrations(archive: ArchiveReader) -> list[tuple[str, str]]:
    """Return the release state of the backup; raises CannotRestore where it is a later one."""
    nodes = MigrationExecutor(connection).loader.graph.nodes
    applied = [tuple(str(name).split(".", 1)) for name in archive.header["migrations"]]
    unknown = [".".join(node) for node in applied if node not in nodes]
    if unknown:
        raise CannotRestore(
            f"{archive.path.name} was made by a later release of Hairline (this one does not know "
            f"{unknown[-1]}). Restore it with that release or a newer one. Nothing was changed."
        )
    return [(app, name) for app, name in applied]


@contextmanager
def _staging() -> Iterator[Path]:
    """The folder `restoring`, one restore at a time; after any end that is known it is gone."""
    data = Path(settings.DATA_DIR)
    staging, lock = data / "restoring", os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if staging.exists():
            _clear_after_a_kill(staging)
        staging.mkdir(mode=0o700)
        try:
            yield staging
        except OutcomeUnknown:
            raise  # as after a kill: the next restore sees what became of the rows
        except BaseException:
            shutil.rmtree(staging)
            raise
        shutil.rmtree(staging)
    except BlockingIOError:
        raise CannotRestore("Another restore is under way here.") from None
    finally:
        os.close(lock)


def _clear_after_a_kill(staging: Path) -> None:
    """Files that a killed restore brought in place belong to rows that were never committed."""
    if dumps.is_empty():
        _empty_roots()
    shutil.rmtree(staging)


def _roots() -> dict[str, Path]:
    return {"media": Path(settings.MEDIA_ROOT), "models": Path(settings.MODELS_ROOT)}


def _empty_roots() -> None:
    for root in _roots().values():
        for path in root.glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _refuse_full_site() -> None:
    what = "rows in its database" if not dumps.is_empty() else ""
    for name, root in _roots().items():
        if any(path.is_file() for path in root.rglob("*")):
            what = what or f"files in {root} ({name})"
    if what:
        raise CannotRestore(
            f"This site is not empty: there are {what}. A backup is restored into an empty place "
            "only: name a new folder in HAIRLINE_DATA, or an empty database. Nothing was changed."
        )


def _refuse_full_disk(path: Path) -> None:
    needed, free = path.stat().st_size, shutil.disk_usage(settings.DATA_DIR).free
    if free < needed:
        raise CannotRestore(
            f"{path.name} needs {needed / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free on the disk "
            f"of {settings.DATA_DIR}. Nothing was changed."
        )


def _unpack(archive: ArchiveReader, staging: Path, ticker: Ticker) -> None:
    for name, content in archive.contents():
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        ticker.count(_written(content, target))
    os.sync()


def _written(content: IO[bytes], target: Path) -> int:
    with target.open("xb") as file:
        while chunk := content.read(archives.CHUNK):
            file.write(chunk)
    target.chmod(settings.FILE_UPLOAD_PERMISSIONS)
    return target.stat().st_size


# --- rows and files, in one transaction ---
def _at(migrations: list[tuple[str, str]]) -> Apps:
    """Bring the empty database to the backup's release and return the tables as they were then."""
    executor = MigrationExecutor(connection)
    ahead = set(executor.loader.applied_migrations) - set(migrations)
    if ahead:
        raise CannotRestore(
            "The backup is of an earlier release than this empty database. Give it one that was "
            "never migrated; it is brought up to date by itself. Nothing was changed."
        )
    graph, wanted = executor.loader.graph, set(migrations)
    ends = [node for node in migrations if not (set(graph.node_map[node].children) & wanted)]
    executor.migrate([(app, name) for app, name in ends])
    executor.loader.build_graph()
    return executor.loader.project_state(ends).apps


def _take_over(archive: ArchiveReader, staging: Path, tables: Apps, *, reseal: bool) -> None:
    committing = False
    try:
        with transaction.atomic():
            _load(archive, staging / archives.ROWS, tables)
            _accept_models(tables, staging / "models", reseal=reseal)
            failpoints.hit("R2")
            _place(staging)
            failpoints.hit("R3")
            committing = True
    except BaseException as problem:
        if committing:
            raise OutcomeUnknown(
                "The database broke off while it took the rows, and did not say whether it has "
                "them. The files stay where they are. Start the restore again: it goes through "
                "where the place is empty still, and says so where the site is whole."
            ) from problem
        _empty_roots()
        raise


def _load(archive: ArchiveReader, rows: Path, tables: Apps) -> None:
    """Load the rows; what the database then holds has to be the dump again, byte for byte."""
    try:
        with rows.open("rb") as lines:
            dumps.load(tables, lines)
    except (ValueError, LookupError, TypeError) as error:
        raise CannotRestore(
            f"The rows in {archive.path.name} do not fit their tables ({error}). "
            "Nothing was changed."
        ) from error
    if dumps.digests(tables) != archive.manifest["tables"]:
        raise CannotRestore(
            f"The database does not give back the rows of {archive.path.name} as they were. "
            "Nothing was changed."
        )


def _accept_models(tables: Apps, folder: Path, *, reseal: bool) -> None:
    """Check the seals with this site's key, or seal anew."""
    for version in _versions_with_files(tables, folder):
        kept = folder / _folder_of(version)
        try:
            if reseal:
                version.seal = seals.seal(kept)
                version.save(update_fields=["seal"])
            else:
                seals.check(kept, version.seal)
        except ModelFileError as error:
            raise CannotRestore(
                f"The model {version.name} was sealed with another key, or changed since. Put the "
                f"old site's model_key into {settings.DATA_DIR} (or HAIRLINE_MODEL_KEY) and start "
                "again. If the key is lost and you trust this file, add --reseal. "
                "Nothing was changed."
            ) from error


def _versions_with_files(tables: Apps, folder: Path) -> Iterator[Any]:
    for version in tables.get_model("classifier", "ModelVersion")._base_manager.order_by("pk"):
        sealed = hasattr(version, "seal")  # not so in early releases: migrating seals them
        present = sealed and (folder / _folder_of(version)).is_dir()
        if present and version.state != VersionState.DISCARDED:
            yield version


def _folder_of(version: Any) -> str:
    return str(version.folder or f"released-{version.weights_sha256[:16]}")


def _place(staging: Path) -> None:
    _empty_roots()
    for name, root in _roots().items():
        root.mkdir(parents=True, exist_ok=True)
        for path in (staging / name).glob("*"):
            path.rename(root / path.name)
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
