"""The sliders of the thresholds page, with and without scripts."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import signed_in
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ADDRESS = "/models/1/thresholds/"


def test_a_slider_says_what_another_threshold_does(browser: Browser, quick: LiveSite) -> None:
    with signed_in(browser, quick) as page:
        page.goto(ADDRESS)
        slider, field = page.get_by_label("Clear below, slider"), page.locator("#id_clear_below")
        expect(slider).to_have_value("7")  # the eighth row of the table, 0.30, holds now
        slider.press("ArrowLeft")
        expect(field).to_have_value("0.25")
        expect(page.locator("#id_clear_below_told")).to_contain_text("cracks are caught")
        field.fill("0.99")
        expect(slider).to_have_value("22")
        page.get_by_role("button", name="Show what they would do").click()
        expect(page.get_by_text("It cannot be above")).to_be_visible()
        field.fill("0.2855")  # as calibrations give them
        page.get_by_role("button", name="Show what they would do").click()
        expect(page.get_by_role("button", name="Save these")).to_be_visible()


def test_without_scripts_the_fields_do_it_alone(browser: Browser, quick: LiveSite) -> None:
    with signed_in(browser, quick, java_script_enabled=False) as page:
        page.goto(ADDRESS)
        expect(page.get_by_label("Clear below, slider")).to_be_hidden()
        page.locator("#id_clear_below").fill("0.2")
        page.get_by_role("button", name="Show what they would do").click()
        page.get_by_role("button", name="Save these").click()
        expect(page.get_by_text("judges by these thresholds from now on")).to_be_visible()
