"""What an error says of the machine's disks: they are full, or out of order.

Both pass, and neither is the fault of the photo in hand.
"""

import errno
import sqlite3

from django.db import InterfaceError, OperationalError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
OUT_OF_ORDER = frozenset(
    {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
)
POSTGRESQL_DISK_FULL = "53100"


def is_full(problem: BaseException | None) -> bool:
    """Whether a disk has no room left: that of the photos, or that of the database."""
    if isinstance(problem, OperationalError):
        said = problem.__cause__
        return (
            getattr(said, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            or getattr(said, "sqlstate", None) == POSTGRESQL_DISK_FULL
        )
    return isinstance(problem, OSError) and problem.errno in NO_ROOM


def is_out_of_order(problem: BaseException | None) -> bool:
    """Whether a disk can only be read, fails or is shut to the site, or no file can be opened."""
    return isinstance(problem, OSError) and problem.errno in OUT_OF_ORDER


def is_passing(problem: BaseException | None) -> bool:
    """Whether the same may go well later: a disk or the database has to come back first."""
    return (
        is_full(problem)
        or is_out_of_order(problem)
        or isinstance(problem, OperationalError | InterfaceError)
    )
