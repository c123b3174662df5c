"""S15 in Chromium: sixty photos, fifty allowed a minute: told, and in the end all stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_inspector import register
from tests.factories import jpeg
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

COUNT, LIMIT = 60, 50


@pytest.fixture
def slow_site(tmp_path: Path) -> Iterator[LiveSite]:
    with LiveSite.in_folder(
        tmp_path / "site", engine="stub", sweep_seconds=2, uploads_per_minute=LIMIT
    ) as running:
        yield running


def test_a_limit_of_both_web_processes_makes_the_ledger_wait_and_loses_nothing(
    browser: Browser, slow_site: LiveSite, tmp_path: Path
) -> None:
    paths = [tmp_path / f"photo-{number:02}.jpg" for number in range(COUNT)]
    for path in paths:
        path.write_bytes(jpeg())
    context = browser.new_context(base_url=slow_site.url(""))
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(slow_site.password)
    page.get_by_role("button", name="Sign in").click()
    register(page, "Bridge of haste")
    page.locator("[data-drop]").wait_for()
    page.locator("#pick-files").set_input_files(paths)
    waiting = page.get_by_text("Nothing is lost; what is not stored yet").first
    expect(waiting).to_be_visible(timeout=60_000)
    assert slow_site.value("SELECT count(*) FROM classifier_photo") <= LIMIT
    words = page.locator("[data-sum-words]")
    expect(words).to_contain_text("60 of 60 stored", timeout=150_000)
    expect(words).not_to_contain_text("not sent")
    assert slow_site.value("SELECT count(*) FROM classifier_photo") == COUNT
    context.close()
