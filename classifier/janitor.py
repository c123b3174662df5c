"""Originals without a photo, which an upload leaves that is killed before its row is committed.

Such a file may be somebody's only copy, so it is never deleted: it is set aside, on record, and the
system page shows how much lies there.
"""

import logging
from datetime import datetime
from pathlib import Path

from django.db import transaction

from classifier import photo_files, verification
from classifier.models import AuditEvent, Photo

logger = logging.getLogger(__name__)


def set_aside_originals(now: datetime) -> int:
    """Set aside originals that have had no photo for a day; return how many.

    One that cannot be moved stays, and the verification names it.
    """
    before = (now - verification.GRACE).timestamp()
    return sum(map(_set_aside, list(verification.originals_without_photo(before=before))))


def _set_aside(path: Path) -> bool:
    try:
        with transaction.atomic():  # without its line in the audit log no file moves
            AuditEvent.objects.record(
                "file set aside",
                Photo(name=path.name),
                by=None,
                sha256=photo_files.sha256_of(path),
                bytes=path.stat().st_size,
            )
            photo_files.set_aside(path)
    except OSError:
        logger.exception("an original without a photo could not be set aside")
        return False
    return True
