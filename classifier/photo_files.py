"""Where a photo's files lie, and how uploaded bytes become durable.

media/originals/ab/<key>.jpg         the bytes as they came; never changed
media/derived/ab/<key>/              working.jpg, thumbnail.jpg, evidence maps; can be made again
media/incoming/                      uploads under way; whatever stays there was abandoned
media/aside/                         originals that no photo owns; kept, as they may be an only copy
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import OperationalError

from classifier import disks, failpoints, images
from classifier.models import Photo

CHUNK = 1 << 20
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/tiff": ".tif",
}


class StorageFull(Exception):
    """The disk that holds the photos has no room left."""


class StorageFailed(Exception):
    """The disk takes nothing, or gives back other bytes than it was given."""


def _root() -> Path:
    return Path(settings.MEDIA_ROOT)


def original(photo: Photo) -> Path:
    key = photo.key.hex
    return _root() / "originals" / key[:2] / f"{key}{SUFFIXES[photo.media_type]}"


def derived(photo: Photo) -> Path:
    """Return the folder of a photo's derived images."""
    key = photo.key.hex
    return _root() / "derived" / key[:2] / key


def working(photo: Photo) -> Path:
    """Return the image that is judged, learned from, shown and printed, once it has been made."""
    return derived(photo) / images.WORKING


def evidence_stem(version_id: int) -> str:
    return f"evidence-{version_id}"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_there(photo: Photo) -> bool:
    """Whether an original of the right size lies in its place."""
    path = original(photo)
    return path.is_file() and path.stat().st_size == photo.byte_size


def is_whole(photo: Photo) -> bool:
    """Whether the original can be read and has the bytes that were uploaded."""
    try:
        return sha256_of(original(photo)) == photo.sha256
    except OSError:
        return False


@contextmanager
def disk_errors_told() -> Iterator[None]:
    """Raise StorageFull and StorageFailed for what the system says of a disk."""
    try:
        yield
    except (OSError, OperationalError) as error:
        if disks.is_full(error):
            raise StorageFull from error
        if disks.is_out_of_order(error):
            raise StorageFailed from error
        raise


@contextmanager
def received(chunks: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
    """Write an upload to a durable temporary file; give its path and SHA-256; remove what is left.

    The digest is that of the received bytes, compared with what the disk gives back.
    """
    with disk_errors_told():
        incoming = _root() / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=incoming, prefix="upload-")
        path = Path(name)
        try:
            digest = hashlib.sha256()
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                failpoints.hit("U3")
                file.flush()
                os.fsync(file.fileno())
            if sha256_of(path) != digest.hexdigest():
                raise StorageFailed
            failpoints.hit("U4")
            yield path, digest.hexdigest()
        finally:
            path.unlink(missing_ok=True)


def keep(temporary: Path, photo: Photo) -> None:
    """Move a received file to its place as an original: after this it survives a power cut."""
    keep_as(temporary, original(photo))


def keep_as(temporary: Path, target: Path) -> None:
    with disk_errors_told():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(settings.FILE_UPLOAD_PERMISSIONS)
        temporary.rename(target)
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(photo: Photo) -> None:
    """Remove a photo's files. The row goes first: a crash in between leaves an orphan, no hole."""
    original(photo).unlink(missing_ok=True)
    shutil.rmtree(derived(photo), ignore_errors=True)


def clear_abandoned_uploads(*, older_than_seconds: float) -> int:
    """Remove temporary files of uploads that never ended; return how many."""
    limit, removed = time.time() - older_than_seconds, 0
    for path in (_root() / "incoming").glob("*"):
        with suppress(FileNotFoundError):  # an upload that has ended meanwhile
            if path.stat().st_mtime < limit:
                path.unlink()
                removed += 1
    return removed


def set_aside(path: Path) -> None:
    """Move an original that no photo owns to where it is kept and in nobody's way."""
    keep_aside = _root() / "aside"
    keep_aside.mkdir(exist_ok=True)
    path.rename(keep_aside / path.name)
    for folder in (keep_aside, path.parent):
        _sync_folder(folder)


def aside() -> tuple[int, int]:
    """How many files were set aside, and their bytes."""
    sizes = [path.stat().st_size for path in (_root() / "aside").glob("*")]
    return len(sizes), sum(sizes)
