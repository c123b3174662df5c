"""What an error says of the machine: its disks are full or out of order, its database is away.

All of that passes, and none of it is the fault of the photo in hand.
"""

import errno
import sqlite3

from django.db import InterfaceError, OperationalError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
OUT_OF_ORDER = frozenset(
    {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
)
SQLITE_DISK_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
"""Nothing can be written; the shared memory that a first reader needs cannot be made."""
POSTGRESQL_DISK_FULL = "53100"


def is_full(problem: BaseException | None) -> bool:
    """Whether a disk has no room left: that of the photos, or that of the database."""
    if isinstance(problem, OperationalError):
        said = problem.__cause__
        return (
            getattr(said, "sqlite_errorcode", None) in SQLITE_DISK_FULL
            or getattr(said, "sqlstate", None) == POSTGRESQL_DISK_FULL
        )
    return isinstance(problem, OSError) and problem.errno in NO_ROOM


def is_out_of_order(problem: BaseException | None) -> bool:
    """Whether a disk can only be read, fails or is shut to the site, or no file can be opened."""
    return isinstance(problem, OSError) and problem.errno in OUT_OF_ORDER


def passing(problem: BaseException | None) -> str:
    """What has to come back before the same goes well, in words; empty where nothing has to."""
    if is_full(problem):
        return "a disk of the site is full"
    if isinstance(problem, OSError) and is_out_of_order(problem):
        return f"a disk of the site fails or is shut to it ({problem.strerror})"
    away = isinstance(problem, OperationalError | InterfaceError)
    return "the database did not answer" if away else ""
