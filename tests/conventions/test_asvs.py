"""docs/explanation/asvs.md names every requirement once, and tests that are there."""

import re
from collections import Counter
from pathlib import Path

from tests.conventions.source import ROOT, complaint, read

DOCUMENT = read(Path("docs/explanation/asvs.md"))
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in DOCUMENT.splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ \|", line)
]
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1
4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2
7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2
12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4
16.4:3 16.5:3
"""
"""How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; they count from 1."""
ELSEWHERE = 7 + 29 + 7
"""Those of the chapters that do not apply as a whole: V9, V10, V17."""
MARKS = {
    "**Not met:**": "**not met**",
    "Does not apply:": "does not apply",
    "The owner's:": "the owner's: depends on how the site is set up",
}


def kind(how: str) -> str:
    return next((name for mark, name in MARKS.items() if how.startswith(mark)), "met")


def promised(cell: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", cell)


def test_every_requirement_of_the_chapters_that_apply_has_one_row() -> None:
    wanted = [
        f"{section}.{number}"
        for section, count in (part.split(":") for part in SECTIONS.split())
        for number in range(1, int(count) + 1)
    ]
    assert len(wanted) + ELSEWHERE == 253
    assert [row[0] for row in ROWS] == wanted


def test_every_test_that_it_names_is_there() -> None:
    missing = [
        f"{row[0]}: {path}::{name}"
        for row in ROWS
        for path, name in promised(row[3])
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in read(Path(path)))
    ]
    assert not missing, complaint("A promise without its test:", missing)


def test_every_row_names_a_test_or_says_that_there_is_none() -> None:
    silent = [
        row[0]
        for row in ROWS
        if not promised(row[3])
        if not row[3].startswith("no test")
        if kind(row[2]) in ("met", "**not met**")
    ]
    assert all(len(row) == 4 and all(row) for row in ROWS)
    assert not silent, complaint("How was this seen?", silent)


def test_both_summaries_count_the_rows() -> None:
    counts = Counter(kind(row[2]) for row in ROWS)
    counts["does not apply"] += ELSEWHERE
    for name, count in counts.items():
        assert f"| {name} | {count} |" in DOCUMENT, name
    told = re.sub(r"\s+", " ", read(Path("docs/explanation/security.md")))
    met, unmet, beside, owners = (counts[name] for name in ("met", *MARKS.values()))
    assert (
        f"of 253 requirements {met} are met, {unmet} are not, {beside} do not apply "
        f"and {owners} are the owner's" in told
    )
