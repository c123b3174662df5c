"""Seals of model folders: only files that this site wrote or took in are ever opened.

A seal is an HMAC, with a key of its own, over the checksums of a folder's files. It stands in the
database, so neither who can write to the models folder alone nor who can write to the database
alone can make the site open another file.
"""

import hashlib
import hmac
from pathlib import Path

from django.conf import settings

from classifier.engine import ModelFileError, engine


def seal(folder: Path) -> str:
    """Return the seal of a folder as it is now; raises ModelFileError where it has no checksums."""
    key = settings.MODEL_KEY.encode()
    return hmac.new(key, engine().sums(folder), hashlib.sha256).hexdigest()


def check(folder: Path, expected: str) -> None:
    """Raise ModelFileError unless the folder's checksums are those that were sealed."""
    if not hmac.compare_digest(seal(folder), expected):
        raise ModelFileError(
            f"The model folder {folder.name} was not written by this site, or was changed since: "
            "its seal does not fit. Nothing in it was opened."
        )
