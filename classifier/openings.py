"""Models whose first answer ends the process that asked: known by the marks of the dead.

A model may want more memory than there is, or crash the library that runs it; then nobody is left
to say so, and the photo in hand would be blamed. So a process leaves a mark while a model answers
it for the first time. Marks are those of one machine, as process ids are.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from classifier.engine import ModelFileError

DEADLY = 2
"""So many processes in a row, and the model is not tried by another one: a photo has an attempt
more (`photo_queue.MAX_ATTEMPTS`).
"""
IN_A_ROW_SECONDS = 3600
"""Deaths further apart have other causes: a machine switched off, a worker stopped by hand."""
_answered: set[Path] = set()


@contextmanager
def watched(model: Path) -> Iterator[None]:
    """Watch over an answer of the model folder; only the first one in a process is marked.

    Raises ModelFileError where DEADLY processes ended at it and none came through since. That is
    said once: whoever chooses the model again gets as many tries.
    """
    if model in _answered:
        yield
        return
    left = [mark for mark in _marks(model) if _is_left(mark)]
    dead = [mark for mark in left if _is_recent(mark)]
    if len(dead) >= DEADLY:
        _forget(left)
        raise ModelFileError(
            f"{len(dead)} workers in a row ended while the model folder {model.name} was opened; "
            "it may need more memory than there is."
        )
    mark = _mark(model, os.getpid())
    with suppress(OSError):  # a full disk keeps nobody from answering
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    try:
        yield
    finally:
        _forget([mark])
    _answered.add(model)
    _forget(left)


def _mark(model: Path, pid: object) -> Path:
    name = f"{model.name}@{socket.gethostname()}@{pid}"
    return settings.DATA_DIR / "run" / "openings" / name


def _marks(model: Path) -> list[Path]:
    pattern = _mark(model, "*")
    return list(pattern.parent.glob(pattern.name))


def _is_left(mark: Path) -> bool:
    """Whether the process is gone; one with our own id was there before us."""
    pid = int(mark.name.rpartition("@")[2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return pid == os.getpid()


def _is_recent(mark: Path) -> bool:
    try:
        return time.time() - mark.stat().st_mtime < IN_A_ROW_SECONDS
    except FileNotFoundError:  # another process came through meanwhile
        return False


def _forget(marks: list[Path]) -> None:
    for mark in marks:
        with suppress(OSError):
            mark.unlink(missing_ok=True)
