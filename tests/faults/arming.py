"""Failpoints, armed: a file in the site's own folder says what happens at a point.

    failpoints/W5-any-0         what to do; taken by the first process that gets there
    failpoints/W5-17-0          only for row 17
    failpoints/always-W5-17     each time
    failpoints/held/W5-any-0    somebody waits there until this file is gone; it holds the pid

What to do: `kill` (SIGKILL), `raise`, `full` (no space left on the disk), `sleep SECONDS`, `hold`.
"""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Protocol

from tests.live_site import wait_until

POLL_SECONDS = 0.01


class Failpoints:
    """The test's side: says what is to happen, and sees what has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held = folder / "held"
        self.held.mkdir(parents=True, exist_ok=True)

    def arm(self, point: str, action: str, *, row: int | None = None, times: int = 1) -> None:
        for number in range(times):
            self._write(f"{point}-{'any' if row is None else row}-{number}", action)

    def arm_always(self, point: str, action: str, *, row: int | None = None) -> None:
        self._write(f"always-{point}-{'any' if row is None else row}", action)

    def _write(self, name: str, action: str) -> None:
        written = self.folder / f".{name}"
        written.write_text(action)
        written.rename(self.folder / name)

    def disarm(self) -> int:
        """Nothing more happens anywhere, and whoever is held goes on; return how many were."""
        held = len(list(self.held.iterdir()))
        for path in (*self.folder.glob("*-*"), *self.held.iterdir()):
            path.unlink(missing_ok=True)
        return held

    def left(self, point: str) -> int:
        """How often the point will still strike."""
        return len(list(self.folder.glob(f"{point}-*")))

    def wait_struck(self, point: str, *, seconds: float = 60) -> None:
        wait_until(lambda: not self.left(point), f"{point} is reached", seconds=seconds)

    def wait_held(self, point: str, *, count: int = 1, seconds: float = 60) -> None:
        wait_until(
            lambda: len(list(self.held.glob(f"{point}-*"))) >= count,
            f"{count} wait at {point}",
            seconds=seconds,
        )


class Hit(Protocol):
    def __call__(self, _point: str, _subject: int | None = None) -> None: ...


def striker(folder: Path) -> Hit:
    """Return the site's side: what stands in `failpoints.hit`'s place."""

    def hit(_point: str, _subject: int | None = None) -> None:
        for who in ("any", str(_subject)):
            always = folder / f"always-{_point}-{who}"
            if always.exists():
                _strike(always.read_text(), always)
            for path in sorted(folder.glob(f"{_point}-{who}-*")):
                _take(path)

    return hit


def _take(path: Path) -> None:
    """Strike, unless another process has taken the file."""
    held = path.parent / "held" / path.name
    try:
        path.rename(held)
        action = held.read_text()
    except FileNotFoundError:
        return
    if action != "hold":
        held.unlink(missing_ok=True)
    _strike(action, held)


def _strike(action: str, held: Path) -> None:
    name, _, argument = action.partition(" ")
    if name == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif name == "raise":
        raise RuntimeError("struck at a failpoint")
    elif name == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif name == "sleep":
        time.sleep(float(argument))
    else:
        held.write_text(str(os.getpid()))
        while held.exists():
            time.sleep(POLL_SECONDS)
