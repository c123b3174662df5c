"""Sizes that keep the code readable. A budget is raised by a decision, never by accident."""

from pathlib import Path
from statistics import median

import pytest

from tests.conventions.source import PRODUCT, complaint, functions, python_files, read, under

OWN = (*PRODUCT, "tests")


def lines(path: Path) -> int:
    return len(read(path).splitlines())


def test_no_file_is_longer_than_300_lines() -> None:
    sources = (*python_files(*OWN), *under("static", suffix=".js"), *under("static", suffix=".css"))
    long = [f"{path}: {lines(path)} lines" for path in sources if lines(path) > 300]
    assert not long, complaint("A file of over 300 lines holds more than one subject:", long)


def test_no_function_is_longer_than_50_lines() -> None:
    long = [f"{f.place}: {f.lines} lines" for f in functions(*OWN) if f.lines > 50]
    assert not long, complaint("A function has to be seen whole on one screen (50 lines):", long)


@pytest.mark.parametrize("package", PRODUCT)
def test_the_median_function_has_at_most_8_lines(package: str) -> None:
    middle = median([f.lines for f in functions(package)] or [0])
    assert middle <= 8, f"Half of {package}'s functions exceed {middle} lines; one does one thing."


def test_the_median_test_has_at_most_10_lines() -> None:
    sizes = [f.lines for f in functions("tests") if f.node.name.startswith("test_")]
    assert median(sizes) <= 10, f"A test is read in one look; the median has {median(sizes)} lines."


@pytest.mark.parametrize(("suffix", "budget"), [(".css", 1200), (".js", 960)])
def test_the_front_end_stays_small(suffix: str, budget: int) -> None:
    total = sum(map(lines, under("static", suffix=suffix)))
    assert total <= budget, (
        f"{total} lines of own {suffix}: over {budget}, parts are being doubled."
    )
