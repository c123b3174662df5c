"""What docs/tutorial.md tells a newcomer to do, by its words; and the same without scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from tests.browser.shots import sign_in
from tests.browser.test_inspector import register
from tests.factories import CRACK, SOUND, jpeg
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Return three cracked photos and three clear ones that no site has yet."""
    paths = [tmp_path / f"pier-{number}.jpg" for number in range(6)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg(CRACK if number < 3 else SOUND, size=(640, 480)))
    return paths


@pytest.fixture
def plain(browser: Browser, full_site: LiveSite) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=full_site.url(""), java_script_enabled=False)
    yield context
    context.close()


def pdf_text(page: Page, folder: Path) -> str:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PDF").click()
    file = folder / "report.pdf"
    download.value.save_as(file)
    return " ".join(sheet.extract_text() for sheet in PdfReader(file).pages)


@pytest.mark.usefixtures("pango")
def test_ten_minutes_from_a_structure_to_a_shared_report(
    browser: Browser, full_site: LiveSite, photos: list[Path], tmp_path: Path
) -> None:
    page = browser.new_context(base_url=full_site.url("")).new_page()
    sign_in(page, full_site)
    register(page, "Tutorial bridge")
    page.locator("[data-drop]").wait_for()
    page.locator("#pick-files").set_input_files(photos)
    expect(page.locator("#progress")).to_contain_text("6 of 6", timeout=60_000)

    page.get_by_role("link", name="Review what was found").click()
    page.wait_for_url("**/review/**")
    page.wait_for_load_state()  # keys work once the page's modules have run
    for keys in ("c", "d1", "t"):
        address = page.url
        for key in keys:
            page.keyboard.press(key)
        expect(page).not_to_have_url(address)
        page.wait_for_load_state()

    inspection = full_site.value("SELECT max(id) FROM classifier_inspection")
    page.goto(f"/inspections/{inspection}/")
    page.get_by_role("button", name="Draw a sample").click()
    expect(page.get_by_text("of 3 clear photos").first).to_be_visible()
    structure = full_site.value("SELECT max(id) FROM classifier_structure")
    page.goto(f"/review/?structure={structure}", wait_until="networkidle")
    for _ in range(3):  # the sampled photos, judged without the model's answer
        name = page.locator("h1").inner_text()
        page.keyboard.press("d")
        page.keyboard.press("1")
        expect(page.get_by_text("Last:")).to_contain_text(f"{name}, Dismissed")

    page.goto(f"/inspections/{inspection}/")
    page.get_by_label("Name and role").fill("A. Engineer")
    page.get_by_role("button", name="Sign off").click()
    expect(page.get_by_text("Decisions are frozen.")).to_be_visible()
    page.get_by_role("button", name="Write the report (PDF)").click()
    page.get_by_role("link", name="Download the PDF").wait_for(timeout=60_000)
    text = pdf_text(page, tmp_path)
    digest = full_site.rows("SELECT max(sha256) FROM classifier_photo WHERE name = 'pier-0.jpg'")
    for part in ("Tutorial bridge", "A. Engineer", "pier-0.jpg", "Confirmed", digest[0][0]):
        assert str(part) in text, part

    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    stranger = browser.new_context()
    assert stranger.request.get(link).body()[:4] == b"%PDF"
    stranger.close()
    page.context.close()


@pytest.mark.usefixtures("pango")
def test_upload_review_and_report_work_without_javascript(
    plain: BrowserContext, full_site: LiveSite, photos: list[Path], tmp_path: Path
) -> None:
    page = plain.new_page()
    sign_in(page, full_site)
    register(page, "Bridge without scripts")
    for photo in photos[:3]:
        page.locator("#photo").set_input_files(photo)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_text(f"{photo.name} is stored.")).to_be_visible()
    expect(page.get_by_text("3 of 3 looked at")).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Review what was found").click()
    page.get_by_role("button", name="Confirm").click()
    page.locator("summary", has_text="Dismiss").click()
    page.get_by_role("button", name="Shadow").click()
    page.get_by_role("button", name="Undo").click()
    decided = full_site.rows("SELECT outcome FROM classifier_decision ORDER BY id DESC LIMIT 3")
    assert decided == [("withdrawn",), ("dismissed",), ("confirmed",)]

    inspection = full_site.value("SELECT max(id) FROM classifier_inspection")
    page.goto(f"/inspections/{inspection}/")
    page.get_by_role("button", name="Write the report (PDF)").click()
    page.get_by_role("link", name="Download the PDF").wait_for(timeout=60_000)
    assert "Bridge without scripts" in pdf_text(page, tmp_path)
