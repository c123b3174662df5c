"""The map over tiles of a server that the settings name."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import signed_in
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(800)]


def tile() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (256, 256), (170, 200, 180)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def placed(quick: LiveSite) -> LiveSite:
    session = quick.sign_in()
    fields: dict[str, object] = {
        "name": "Fish pass",
        "kind": "dam",
        "latitude": 47.3,
        "longitude": 8.5,
    }
    answer = session.submit("/structures/new/", fields)
    assert answer.history, "it is registered, and its page follows"
    return quick


def test_tiles_come_from_the_server_that_is_set(browser: Browser, placed: LiveSite) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=tile(), content_type="image/png")

    with signed_in(browser, placed) as page:  # a break of the policy would be an error here
        page.route("https://*.tiles.example.org/**", answer)
        page.goto("/structures/map/", wait_until="networkidle")
        expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
    assert len(asked) > 1
    form = r"https://[abc]\.tiles\.example\.org/15/\d+/\d+\.png"
    assert all(re.fullmatch(form, address) for address in asked)


def test_a_server_of_tiles_that_is_down_leaves_the_places(
    browser: Browser, placed: LiveSite
) -> None:
    with signed_in(browser, placed) as page:
        page.route(
            "https://*.tiles.example.org/**", lambda route: route.abort("internetdisconnected")
        )
        page.goto("/structures/map/", wait_until="networkidle")
        expect(page.locator(".pin")).to_be_visible()
        expect(page.locator(".leaflet-tooltip")).to_have_text("Fish pass")
