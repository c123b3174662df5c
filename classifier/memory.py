"""An end to what one photo may take of the machine's memory."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNLIMITED = resource.RLIM_INFINITY
MOST_BYTES = 2 << 30
"""Decoding the largest photos takes 130 MB to 1 GB, by format (docs/decisions/0002)."""


@contextmanager
def bounded_memory(most: int = MOST_BYTES) -> Iterator[None]:
    """Within, MemoryError where this process would take `most` bytes more than it has now.

    By its address space, so only where the system tells how much of it is used: on Linux.
    """
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = int(statm.read_text().split()[0]) * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (limit if soft == UNLIMITED else min(limit, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
