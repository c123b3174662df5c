"""Figures of the tests that measure, mostly the long ones: how large they run, what they found.

HAIRLINE_SCALE (1: as the plan has it) makes every count smaller; HAIRLINE_KILLS gives the number of
kills apart from it, which take the longest. Each measurement is printed and
appended as a line of JSON to HAIRLINE_FIGURES (default: var/figures.jsonl).

    python -m tests.faults.figures      the lines as a table for docs/explanation/reliability.md
"""

import json
import os
import platform
import sys
import time
from pathlib import Path

SCALE = float(os.environ.get("HAIRLINE_SCALE", "1"))
FILE = Path(os.environ.get("HAIRLINE_FIGURES", "var/figures.jsonl"))


def scaled(count: float) -> int:
    """A count of the plan at the scale of this run; at least 1."""
    return max(1, round(count * SCALE))


def kills(planned: int) -> int:
    return int(os.environ.get("HAIRLINE_KILLS", scaled(planned)))


def note(row: str, **measured: object) -> None:
    """Keep what was measured for a row of the plan."""
    line = {
        "row": row,
        "scale": SCALE,
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}",
        **measured,
    }
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    sys.stderr.write(f"\n{json.dumps(line)}\n")


def main() -> None:
    """Write the newest line of each row as Markdown."""
    newest = {}
    for text in FILE.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        newest[line["row"]] = line
    sys.stdout.write("| Row | Scale | Measured | When (UTC), load |\n| --- | --- | --- | --- |\n")
    for row, line in sorted(newest.items()):
        fixed = ("row", "scale", "at", "machine")
        measured = ", ".join(
            f"{k.replace('_', ' ')} {v}" for k, v in line.items() if k not in fixed
        )
        load = line["machine"].rpartition(", ")[2]
        sys.stdout.write(f"| {row} | {line['scale']:g} | {measured} | {line['at']}, {load} |\n")


if __name__ == "__main__":
    main()
