"""A real site with the released model, and Chromium to use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ml_training.synthetic import draw_photo
from tests.live_site import LiveSite

expect.set_options(timeout=20_000)  # for the slowest machine; what is there is seen at once

TILES = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
"""Where the site `quick` has the tiles of its map from; no such server exists."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with LiveSite.in_folder(tmp_path_factory.mktemp("site"), sweep_seconds=2) as running:
        yield running


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site that flags at once what has a red corner."""
    folder = tmp_path_factory.mktemp("quick")
    with LiveSite.in_folder(folder, engine="stub", sweep_seconds=2, map_tiles=TILES) as running:
        yield running


@pytest.fixture(scope="session")
def full_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site with something on every page, judged by the stub engine."""
    folder = tmp_path_factory.mktemp("full")
    with LiveSite.in_folder(folder, engine="stub", sweep_seconds=2) as running:
        from tests.browser.full_site import (
            fill,
        )  # its rows need Django, which shots.py does without

        fill(running)
        yield running


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, site: LiveSite) -> Iterator[Page]:
    """Return a signed-in page; an error in its console fails the test."""
    with signed_in(browser, site) as page:
        yield page


@contextmanager
def signed_in(
    browser: Browser, site: LiveSite, username: str = "admin", **options: Any
) -> Iterator[Page]:
    context = browser.new_context(
        **{"base_url": site.url(""), "viewport": {"width": 1280, "height": 800}, **options}
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
    yield page
    context.close()
    # The browser itself notes each refused answer and each request without a network; the page's
    # sentence is their answer to the person.
    noted = (
        "Unsupported Media Type",
        "ERR_INTERNET_DISCONNECTED",
        "409 (Conflict)",
        "403 (Forbidden)",
        "htmx:",
    )
    assert [line for line in complaints if not any(word in line for word in noted)] == []


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return twelve drawn photos, every second one with a crack."""
    folder = tmp_path_factory.mktemp("drawn")
    paths = [folder / f"drawn-{seed:02}.jpg" for seed in range(12)]
    for seed, path in enumerate(paths):
        photo = draw_photo(seed=seed, cracked=seed % 2 == 0, width=1280, height=960)
        photo.image.save(path, quality=92)
    return paths
