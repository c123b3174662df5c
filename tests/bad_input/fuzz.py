"""`./dev fuzz [MINUTES]`: look for a file that the decoder answers with anything but a
photo or a PhotoError, dies of, or takes over five seconds or a gigabyte for.

Guided by coverage: an input that reaches a new line of the decoder or of Pillow is kept and changed
further. Each runs in a process of its own, so that a crash of the C libraries is seen. What was
found lies in var/fuzz, ready to become a row of the corpus.

`./dev fuzz FOLDER`: try the files of a folder as they are, such as Tests/images of Pillow's
repository (B095).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from ml_training.contracts import PhotoError
from ml_training.photos import inspect, open_upright, read_exif
from tests.bad_input.corpus import ROWS

SECONDS, MEMORY, LARGEST_SEED = 5, 1 << 30, 60_000
WATCHED = (f"{os.sep}PIL{os.sep}", f"{os.sep}ml_training{os.sep}")
ALLOWED = ("decoded", "refused", "unreadable")
INTERESTING = (b"\0", b"\xff", b"\x7f\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0")


def changed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return `data` with one to eight random changes."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(spoilt)) if spoilt else 0
        kind = chance.randrange(5)
        if kind == 0 and spoilt:
            spoilt[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            value = chance.choice(INTERESTING)
            spoilt[at : at + len(value)] = value
        elif kind == 2:
            del spoilt[at : at + chance.randint(1, 200)]
        elif kind == 3:
            spoilt[at:at] = spoilt[at : at + chance.randint(1, 200)]
        else:
            start = chance.randrange(len(other)) if other else 0
            spoilt[at : at + 64] = other[start : start + chance.randint(1, 64)]
    return bytes(spoilt)


def decode(path: Path) -> str:
    """Do what the site does with an upload, and say how it went."""
    for step in (lambda: inspect(path, name="fuzz"), lambda: read_exif(path)):
        try:
            step()
        except PhotoError:
            return "refused"
    try:
        open_upright(path, max_side=2048)
    except PhotoError:
        return "unreadable"
    return "decoded"


def traced(run: Callable[[], str]) -> tuple[str, list[str]]:
    """Return the outcome and the lines of the watched code that were reached."""
    lines: set[str] = set()

    def trace(frame: FrameType, event: str, _argument: object) -> object:
        name = frame.f_code.co_filename
        if not any(part in name for part in WATCHED):
            return None
        if event == "line":
            lines.add(f"{name[-24:]}:{frame.f_lineno}")
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]  # a trace function returns itself
    try:
        outcome = run()
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    finally:
        sys.settrace(None)
    return outcome, sorted(lines)


def in_a_process_of_its_own(path: Path) -> tuple[str, list[str]]:
    answer, died = contained(lambda: traced(lambda: decode(path)))
    return (died, []) if died else (str(answer[0]), list(answer[1]))


def contained(work: Callable[[], object]) -> tuple[Any, str]:
    """Do it in a process with limits; return what it gave, and what the process died of if so."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        signal.alarm(20 * SECONDS)  # for what waits instead of computing
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        try:
            with os.fdopen(writer, "w") as report:
                json.dump(work(), report)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as report:
        answer = report.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None, f"died of signal {os.WTERMSIG(status)}"
    return (None, "died of an exception") if status else (json.loads(answer), "")


def fuzz(minutes: float, folder: Path, *, seed: int) -> Counter[str]:
    """Try inputs for so long; return how often each outcome came."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, reached, outcomes = random.Random(seed), set[str](), Counter[str]()
    built = (row.build() for row in ROWS if row.id not in ("B057", "B080", "B089"))
    pool = [data for data in dict.fromkeys(built) if len(data) <= LARGEST_SEED]
    candidate, end = folder / "candidate", time.monotonic() + minutes * 60
    while time.monotonic() < end:
        data = changed(chance.choice(pool), chance.choice(pool), chance)[:LARGEST_SEED]
        candidate.write_bytes(data)
        outcome, lines = in_a_process_of_its_own(candidate)
        outcomes[outcome] += 1
        if outcome not in ALLOWED:
            (folder / f"{hashlib.sha256(data).hexdigest()[:16]}.bin").write_bytes(data)
        if not reached.issuperset(lines):
            reached.update(lines)
            pool.append(data)
    outcomes[f"(lines reached: {len(reached)}, inputs kept: {len(pool)})"] = 0
    return outcomes


def given(folder: Path) -> Counter[str]:
    """Try the files of a folder and name those that end otherwise than allowed."""
    outcomes = Counter[str]()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        outcome, _ = in_a_process_of_its_own(path)
        outcomes[outcome if outcome in ALLOWED else f"{path.name}: {outcome}"] += 1
    return outcomes


def main(what: str = "10") -> int:
    seed = int(time.time())
    if Path(what).is_dir():
        outcomes = given(Path(what))
    else:
        outcomes = fuzz(float(what), Path("var/fuzz"), seed=seed)
        sys.stdout.write(f"seed {seed}\n")
    for outcome, count in outcomes.most_common():
        sys.stdout.write(f"{count:8} {outcome}\n")
    return int(any(count for outcome, count in outcomes.items() if outcome not in ALLOWED))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
