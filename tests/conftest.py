"""What every test may ask for: the real photos and the browser, where this machine has them."""

import os
import shutil
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import NoReturn

import pytest

from tests.postgres import Postgres, binaries, cluster

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"


def absent(what: str) -> NoReturn:
    """Skip the test for want of something; in CI, where nothing may be missing, fail it."""
    if IN_CI:
        pytest.fail(f"{what} CI has to run this test.")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real labelled photos (`index.csv` beside them); skip without it.

    The photos belong to others and are not part of the repository, so not even CI can insist.
    """
    folder = Path(os.environ.get("HAIRLINE_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "index.csv").is_file():
        pytest.skip(f"No photos in {folder}: name the folder with index.csv in HAIRLINE_TEST_DATA.")
    return folder


@pytest.fixture(scope="session")
def pango() -> None:
    """Skip without the library that sets the text of the PDF report; fail in CI."""
    if find_library("pangoft2-1.0") is None:
        absent("No pango (apt-get install libpangoft2-1.0-0).")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the path of the browser; skip without one, fail in CI."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else absent("No Chromium on PATH (apt-get install chromium).")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a running PostgreSQL with no database in it yet; skip without one, fail in CI."""
    folder = binaries()
    if folder is None:
        absent("No PostgreSQL (apt-get install postgresql).")
    with cluster(folder) as server:
        yield server
