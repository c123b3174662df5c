"""The file of a backup: one tar that appears whole or not at all, and is believed only whole.

hairline.json      what this is: format, release state of the database, when it was taken
database.jsonl     every row, see dumps.py
media/… models/…   the files, as they lie in the data folder
manifest.json      last: SHA-256 and size of each member before it, and a digest of each table

Photos do not compress, so nothing is compressed; `tar tf` and `tar xf` work on it for ever.
"""

import fcntl
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from django.utils.functional import cached_property

from classifier import failpoints

FORMAT = 1
HEADER, ROWS, MANIFEST = "hairline.json", "database.jsonl", "manifest.json"
FOLDERS = ("media", "models")
CHUNK = 1 << 20

Tell = Callable[[str], None]


class BadArchive(Exception):
    """The file is no backup, or not a whole one; the message is a sentence for a person."""


class Ticker:
    """Says how far a long copy is, every two seconds at most."""

    SECONDS = 2.0

    def __init__(self, tell: Tell, what: str) -> None:
        self.tell, self.what = tell, what
        self.files = self.bytes = 0
        self.next = time.monotonic() + self.SECONDS

    def count(self, size: int) -> None:
        self.files, self.bytes = self.files + 1, self.bytes + size
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + self.SECONDS
            self.tell(f"{self.what} {self.files:,} files, {self.bytes / 1e6:,.0f} MB …")


class _Summing:
    """A file that is read through here leaves its SHA-256 and size."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def read(self, count: int = -1) -> bytes:
        content = self.file.read(count)
        self.digest.update(content)
        self.size += len(content)
        return content

    @property
    def entry(self) -> dict[str, object]:
        return {"sha256": self.digest.hexdigest(), "bytes": self.size}


# --- writing ---
class ArchiveWriter:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.members: dict[str, dict[str, object]] = {}

    def add(self, name: str, file: BinaryIO) -> int:
        """Copy an open file from its begin; return its size."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = os.fstat(file.fileno()).st_size, int(time.time()), 0o640
        summing = _Summing(file)
        self.tar.addfile(info, summing)
        self.members[name] = summing.entry
        return info.size

    def add_facts(self, name: str, facts: dict[str, Any]) -> None:
        content = json.dumps(facts, indent=1, sort_keys=True).encode()
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(content), int(time.time()), 0o640
        self.tar.addfile(info, io.BytesIO(content))
        digest = hashlib.sha256(content).hexdigest()
        self.members[name] = {"sha256": digest, "bytes": len(content)}

    def close(self, **facts: object) -> None:
        """End the archive; without this it is no backup."""
        self.add_facts(MANIFEST, {"members": dict(self.members), **facts})


@contextmanager
def appearing(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive beside its place; on leaving it is read back, durable, and then there.

    Raises BadArchive where the disk gives back other bytes. What a killed backup left is removed.
    """
    part = path.with_name(f".{path.name}.part")
    _clear_abandoned(path.parent)
    try:
        with part.open("xb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield ArchiveWriter(tar)
            file.flush()
            os.fsync(file.fileno())
            for _ in ArchiveReader(part).contents():
                pass
            failpoints.hit("B3")
            part.rename(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _clear_abandoned(folder: Path) -> None:
    for part in folder.glob(".hairline-*.part"):
        with part.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # another backup is at it
                continue
            part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- reading ---
class ArchiveReader:
    """Reads an archive from begin to end, believing nothing in it before its manifest agrees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] = {}

    @cached_property
    def header(self) -> dict[str, Any]:
        """What the archive says it is. Raises BadArchive where it is none of ours."""
        try:
            with tarfile.open(self.path, "r:") as tar:
                first = tar.next()
                file = tar.extractfile(first) if first and first.name == HEADER else None
                header = json.loads(file.read(CHUNK)) if file else {}
        except (tarfile.TarError, ValueError) as error:
            raise BadArchive(f"{self.path.name} is no backup of Hairline.") from error
        if not isinstance(header, dict) or header.get("product") != "Hairline":
            raise BadArchive(f"{self.path.name} is no backup of Hairline.")
        if header.get("format") != FORMAT:
            raise BadArchive(
                f"{self.path.name} has the backup format {header.get('format')}, and this release "
                f"reads format {FORMAT}. Restore it with the release that made it."
            )
        return header

    def contents(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield each member's safe name and its bytes; at the end all of them are vouched for.

        Raises BadArchive for anything that is missing, added, changed, cut off, or no plain file
        in a place where a backup has files.
        """
        assert self.header
        found: dict[str, dict[str, object]] = {}
        try:
            with tarfile.open(self.path, "r:") as tar:
                for info in tar:
                    yield from self._member(tar, info, found)
        except (tarfile.TarError, EOFError, UnicodeError) as error:
            raise self._damaged(str(error)) from error
        if not self.manifest:
            raise self._damaged("its end is missing")
        _compare(self.manifest["members"], found, self._damaged)

    def _member(
        self, tar: tarfile.TarFile, info: tarfile.TarInfo, found: dict[str, dict[str, object]]
    ) -> Iterator[tuple[str, IO[bytes]]]:
        self._refuse_strange(info, found)
        if info.offset_data + info.size > self.path.stat().st_size:
            raise self._damaged(f"{info.name} is cut off")
        file = tar.extractfile(info)
        assert file is not None, "plain files have content"
        if info.name == MANIFEST:
            self.manifest = self._read_manifest(file.read())
            return
        summing = _Summing(file)
        yield info.name, summing  # type: ignore[misc]  # only its read is used
        while summing.read(CHUNK):
            pass
        found[info.name] = summing.entry

    def _refuse_strange(self, info: tarfile.TarInfo, found: dict[str, dict[str, object]]) -> None:
        if self.manifest:
            raise self._damaged(f"{info.name} stands after its end")
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.issparse():
            raise self._damaged(f"{info.name} is a link or no plain file")
        if info.name in found or not is_safe(info.name):
            raise self._damaged(f"{info.name!r} is no place for a file of a backup")

    def _read_manifest(self, content: bytes) -> dict[str, Any]:
        try:
            manifest = json.loads(content)
            if not all(isinstance(manifest[key], dict) for key in ("members", "tables")):
                raise TypeError
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged("its manifest cannot be read") from error
        return dict(manifest)

    def _damaged(self, what: str) -> BadArchive:
        return BadArchive(f"{self.path.name} is damaged: {what}. Nothing was restored from it.")


def is_safe(name: str) -> bool:
    """Whether a member's name is one of a backup's: no way out of its folder, no tricks."""
    if name in (HEADER, ROWS, MANIFEST):
        return True
    parts = PurePosixPath(name).parts
    plain = "/".join(parts) == name and name.isprintable() and "\\" not in name
    return plain and len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts


def _compare(
    promised: dict[str, Any], found: dict[str, Any], damaged: Callable[[str], BadArchive]
) -> None:
    for name in promised.keys() | found.keys():
        if name not in found:
            raise damaged(f"{name} is missing")
        if promised.get(name) != found[name]:
            raise damaged(f"{name} differs from its checksum")
