"""Reviewing many at once and marking what was missed, in Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_inspector import drop, register, wait_for_classification
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_mark_is_drawn_where_the_pointer_went(
    page: Page, site: LiveSite, drawn: list[Path]
) -> None:
    register(page, "Bridge of marks")
    drop(page, [drawn[1]])
    wait_for_classification(page, 1)
    page.locator(".tiles a").first.click()
    page.wait_for_load_state()
    page.keyboard.press("m")
    photo = page.locator("[data-photo]").bounding_box()
    assert photo
    page.mouse.move(photo["x"] + photo["width"] / 4, photo["y"] + photo["height"] / 4)
    page.mouse.down()
    page.mouse.move(photo["x"] + photo["width"] / 2, photo["y"] + photo["height"] / 2, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Save the mark").click()
    expect(page.get_by_role("button", name="Take back")).to_be_visible()

    corners = site.rows("SELECT x1, y1, x2, y2 FROM classifier_mark ORDER BY id DESC LIMIT 1")[0]
    assert corners == pytest.approx((0.25, 0.25, 0.5, 0.5), abs=0.01)
    mark = page.locator(".viewer-mark").first.bounding_box()
    assert mark
    assert mark["x"] == pytest.approx(photo["x"] + photo["width"] / 4, abs=6)
    page.set_viewport_size({"width": 390, "height": 664})
    page.locator("[data-mark] summary").click()
    expect(page.locator("[data-sheet]")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Save the mark")).to_be_hidden()
    page.get_by_role("button", name="Take back").click()
    expect(
        page.get_by_text("Nobody has decided yet").or_(page.get_by_text("Withdrawn"))
    ).to_be_visible()


def test_photos_chosen_on_the_contact_sheet_are_decided_together(
    page: Page, site: LiveSite, drawn: list[Path]
) -> None:
    register(page, "Bridge of sheets")
    drop(page, drawn[:6])
    wait_for_classification(page, 6)
    structure = site.value("SELECT max(id) FROM classifier_structure")
    page.goto(f"/review/sheet/?structure={structure}")
    boxes = page.locator('input[name="photo"]')
    boxes.nth(0).click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(page.locator("[data-chosen]")).to_contain_text("2 of ")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("2 photos decided: confirmed.")).to_be_visible()
