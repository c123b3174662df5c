"""Telling how far a command is, on standard error."""

from __future__ import annotations

import sys
import time

from ml_training.contracts import Progress

_BAR_WIDTH = 24


def say(sentence: str) -> None:
    """Print a sentence in place of the bar that stands there."""
    print(f"{_clear_line()}{sentence}", file=sys.stderr, flush=True)


def _clear_line() -> str:
    return "\r\033[K" if sys.stderr.isatty() else ""


def show_count(done: int, total: int) -> None:
    """Redraw one line on a terminal; in a log, one line every tenth."""
    filled = _BAR_WIDTH * done // max(1, total)
    bar = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done}/{total}"
    if sys.stderr.isatty():
        print(f"\r{bar}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done == total or done % max(1, total // 10) == 0:
        print(bar, file=sys.stderr, flush=True)


def show_progress(progress: Progress) -> None:
    """Redraw a training's line on a terminal; in a log, one line every hundredth step."""
    left = (
        ""
        if progress.seconds_left is None
        else time.strftime("%H:%M:%S", time.gmtime(progress.seconds_left))
    )
    line = (
        f"phase {progress.epoch}/{progress.epochs}  step {progress.step}/{progress.steps}  "
        f"loss {progress.loss:.4f}  left {left}  {progress.note}"
    )
    if sys.stderr.isatty():
        print(f"{_clear_line()}{line}", end="", file=sys.stderr, flush=True)
    elif progress.step % 100 == 0:
        print(line, file=sys.stderr, flush=True)
