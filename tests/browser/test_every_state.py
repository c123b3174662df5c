"""What went wrong, what is open and what is empty, as WCAG 2.2 AA wants it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.every_state import STATES
from tests.browser.shots import SIZES, THEMES, sign_in
from tests.browser.test_every_page import violations
from tests.conventions.source import complaint
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def page(browser: Browser, full_site: LiveSite) -> Iterator[Page]:
    context = browser.new_context(base_url=full_site.url(""), reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, full_site)
    yield page
    context.close()


def test_every_state_is_open_to_everybody(page: Page, full_site: LiveSite) -> None:
    found: set[str] = set()
    for name, bring in STATES.items():
        bring(page, full_site)
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.add(f"{name} is wider than a {size}")
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                found |= {f"{name} ({size}, {theme}) {line}" for line in violations(page)}
    assert not found, complaint("Somebody cannot use these:", sorted(found))
