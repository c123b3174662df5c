"""The inspector's first hour in Chromium: register, drop photos, watch, look, review by key."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

DROP = """([zone, files]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""


def register(page: Page, name: str) -> None:
    """Go from the register of structures to the photos of a new inspection, by its buttons."""
    page.get_by_role("link", name="Structures", exact=True).click()
    page.get_by_role("link", name=re.compile("Register a structure")).first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Type").select_option("bridge")
    page.get_by_label("Elements").fill("deck\npier")
    page.get_by_role("button", name="Save structure").click()
    page.get_by_role("link", name="Upload").first.click()
    page.get_by_role("button", name="Save inspection").click()
    page.get_by_role("button", name="Continue to the photos").click()


def drop(page: Page, paths: list[Path]) -> None:
    page.locator("[data-drop]").wait_for()  # shown by the script that takes the files
    zone = page.locator("[data-drop]").element_handle()
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    page.evaluate(DROP, [zone, files])


def wait_for_classification(page: Page, count: int) -> None:
    expect(page.locator("#progress")).to_contain_text(f"{count} of {count}", timeout=120_000)


def test_twelve_dropped_photos_are_classified_and_reviewed_by_keyboard(
    page: Page, site: LiveSite, drawn: list[Path]
) -> None:
    register(page, "Bridge of twelve")
    drop(page, drawn)
    rows = page.locator("[data-ledger] > li")
    expect(rows).to_have_count(12)
    expect(page.locator('[data-ledger] > li[data-state="stored"]')).to_have_count(
        12, timeout=60_000
    )
    wait_for_classification(page, 12)

    page.get_by_role("link", name="Bridge of twelve").first.click()
    page.locator(".tiles a").first.click()
    overlay = page.locator("[data-overlay]")
    expect(overlay).to_be_visible()
    assert page.request.get(overlay.get_attribute("href") or "").ok

    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.locator("[data-queued]").first).to_be_attached()
    page.wait_for_load_state()  # keys work once the page's modules have run
    before = site.value("SELECT count(*) FROM classifier_decision")
    for keys in ("c", "d1", "t"):
        address = page.url
        for key in keys:
            page.keyboard.press(key)
        expect(page).not_to_have_url(address)
        page.wait_for_load_state()
        expect(page.locator("[data-last]")).to_contain_text("Undo")  # the answer is stored
    assert site.value("SELECT count(*) FROM classifier_decision") == before + 3
    outcomes = site.rows("SELECT outcome, cause FROM classifier_decision ORDER BY id DESC LIMIT 3")
    assert outcomes == [("cant_tell", ""), ("dismissed", "joint"), ("confirmed", "")]

    page.keyboard.press("u")
    expect(page.locator("[data-last]")).not_to_contain_text("Undo")
    latest = site.rows("SELECT outcome FROM classifier_decision ORDER BY id DESC LIMIT 1")
    assert latest == [("withdrawn",)]


def test_a_refused_and_a_repeated_file_say_so_in_their_rows(
    page: Page, drawn: list[Path], tmp_path: Path
) -> None:
    register(page, "Bridge of refusals")
    gif = tmp_path / "wall.jpg"
    gif.write_bytes(b"GIF89a" + bytes(100))
    drop(page, [drawn[0], gif])
    ledger = page.locator("[data-ledger] > li")
    expect(ledger.nth(0)).to_have_attribute("data-state", "stored", timeout=30_000)
    expect(ledger.nth(1)).to_have_attribute("data-state", "refused")
    expect(ledger.nth(1)).to_contain_text("wall.jpg")

    page.reload()
    expect(ledger).to_have_count(2)
    drop(page, [drawn[0]])
    expect(ledger.nth(0)).to_have_attribute("data-state", "stored", timeout=30_000)

    page.get_by_role("link", name="Inspection", exact=True).click()
    page.get_by_role("link", name="Add photos").click()
    page.get_by_role("button", name="Continue to the photos").click()
    drop(page, [drawn[0]])
    expect(ledger.nth(0)).to_have_attribute("data-state", "duplicate", timeout=30_000)
    expect(ledger.nth(0).get_by_role("link")).to_be_visible()


def test_the_overlay_is_shown_and_hidden_by_key(page: Page, drawn: list[Path]) -> None:
    register(page, "Bridge of overlays")
    drop(page, [drawn[2]])
    wait_for_classification(page, 1)
    page.locator(".tiles a").first.click()
    overlay = page.locator("[data-overlay]")
    expect(overlay).to_be_visible()
    page.keyboard.press("o")
    expect(overlay).to_be_hidden()
    page.keyboard.press("o")
    expect(overlay).to_be_visible()


def test_keys_work_after_the_slider_was_moved(page: Page, drawn: list[Path]) -> None:
    register(page, "Bridge of sliders")
    drop(page, [drawn[6]])
    wait_for_classification(page, 1)
    page.locator(".tiles a").first.click()
    slider = page.locator('input[name="opacity"]')
    slider.click()
    before = slider.input_value()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() != before
    page.keyboard.press("c")
    expect(page.locator(".log").first).to_contain_text("Confirmed")


def test_the_cause_of_a_dismissal_fits_the_photos_of_a_phone(page: Page, drawn: list[Path]) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    register(page, "Bridge of causes")
    drop(page, drawn[8:10])
    wait_for_classification(page, 2)
    for tile in (0, 1):
        page.get_by_role("link", name="Bridge of causes").first.click()
        page.locator(".tiles a").nth(tile).click()
        page.locator("[data-causes] summary").click()
        page.get_by_role("button", name="Edge or background").click()
    page.get_by_role("link", name="Bridge of causes").first.click()
    expect(page.get_by_text("Dismissed (edge or background)")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
