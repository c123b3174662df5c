"""Two inspections side by side: what moves one photo moves the other."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import signed_in
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PARTS = """() => [...document.querySelectorAll("[data-viewer]")].map(({ viewer }) => [
  viewer.zoom, viewer.centre.x / viewer.width, viewer.centre.y / viewer.height])"""


@pytest.fixture
def photo(quick: LiveSite) -> int:
    """Return a photo of a structure that was photographed in another visit, too, and smaller."""
    session = quick.sign_in()
    before = quick.photos_in("classified")
    session.upload(quick.new_photo_set(session, "Bridge of years"), "old.jpg", sized(800, 600))
    structure = quick.value("SELECT max(id) FROM classifier_structure")
    visit: dict[str, object] = {"title": "Second visit", "date": "2027-05-01"}
    session.submit(f"/structures/{structure}/inspections/new/", visit)
    inspection = quick.value("SELECT max(id) FROM classifier_inspection")
    session.submit(f"/inspections/{inspection}/upload/", {"notes": ""})
    photo_set = quick.value("SELECT max(id) FROM classifier_photoset")
    session.upload(photo_set, "new.jpg", sized(1600, 1200))
    quick.wait_for_classified(before + 2, seconds=60)
    return quick.value("SELECT max(id) FROM classifier_photo")


def sized(width: int, height: int) -> bytes:
    return jpeg(CRACK, size=(width, height))


def assert_together(page: Page, *, zoomed: bool) -> list[float]:
    one, other = page.evaluate(PARTS)
    assert one == pytest.approx(other, abs=0.01)
    assert (one[0] > 1) == zoomed
    return list(one)


def test_both_photos_zoom_and_move_together(browser: Browser, quick: LiveSite, photo: int) -> None:
    with signed_in(browser, quick) as page:
        page.goto(f"/photos/{photo}/", wait_until="networkidle")
        page.get_by_role("link", name="Compare visits").click()
        expect(page.locator("[data-viewer]")).to_have_count(2)
        page.wait_for_load_state("networkidle")
        assert_together(page, zoomed=False)
        page.keyboard.press("+")
        page.keyboard.press("+")
        centre = assert_together(page, zoomed=True)
        box = page.locator("[data-sheet]").nth(1).bounding_box()
        assert box
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 160, steps=3)
        page.mouse.up()
        assert assert_together(page, zoomed=True) != centre
        page.keyboard.press("0")
        assert_together(page, zoomed=False)
        page.keyboard.press("o")
        for overlay in page.locator("[data-overlay]").all():
            expect(overlay).to_be_hidden()
        state = page.context.storage_state()
    plain = browser.new_context(java_script_enabled=False, storage_state=state)
    bare = plain.new_page()
    bare.goto(quick.url(f"/photos/{photo}/compare/"))
    for picture in bare.locator("[data-photo]").all():
        expect(picture).to_be_visible()
    plain.close()
