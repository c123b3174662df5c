"""S03, S04, S24: script in every text that people can enter, and pages after signing out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.every_page import addresses
from tests.browser.hostile_site import QUOTES, fill
from tests.browser.shots import sign_in
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(800)]


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site with no policy to fall back on, and probes in each of its texts."""
    with LiveSite.in_folder(
        tmp_path_factory.mktemp("hostile"),
        engine="stub",
        settings_module="tests.browser.settings_without_csp",
        sweep_seconds=2,
        second_admin="true",
    ) as site:
        fill(site)
        yield site


@pytest.fixture
def context(browser: Browser, bare_site: LiveSite) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=bare_site.url(""))
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, bare_site: LiveSite) -> Page:
    page = context.new_page()
    sign_in(page, bare_site)
    return page


def assert_nothing_ran(page: Page) -> None:
    assert page.title() != "PWNED", page.url
    elements = page.evaluate("document.querySelectorAll('img[onerror], svg[onload]').length")
    assert elements == 0, page.url


def shows_probes(page: Page) -> bool:
    return "onerror" in page.content() or "svg onload" in page.content()


WITHOUT_TEXTS = {
    "structures:nothing",
    "structures-import",
    "structure-new",
    "password",
    "welcome",
    "person-new",
    "time-zone",
    "patterns",
    "patterns:not-found",
}
"""Pages that show no text of a person or a file."""


def test_no_text_becomes_script_even_without_a_policy(page: Page, bare_site: LiveSite) -> None:
    silent = set()
    for name, path in addresses(bare_site).items():
        page.goto(path, wait_until="networkidle")
        assert_nothing_ran(page)
        if not shows_probes(page):
            silent.add(name)
    assert silent == WITHOUT_TEXTS


MORE = (
    "/structures/?q=" + QUOTES,
    "/inspections/2/",
    "/photos/1/",
    "/photos/2/",
    "/review/?structure=1",
    "/review/sheet/?structure=1",
    "/system/audit/?words=" + QUOTES,
    "/admin/classifier/photo/",
    "/admin/classifier/structure/1/change/",
    "/admin/classifier/auditevent/",
    "/admin/classifier/decision/1/change/",
    "/admin/classifier/modelversion/2/change/",
    "/admin/classifier/trainingrun/1/change/",
    "/admin/classifier/user/2/change/",
)
"""Other rows and other words than those of every page."""


@pytest.mark.parametrize("path", MORE)
def test_no_other_page_makes_script_of_a_text(page: Page, path: str) -> None:
    page.goto(path, wait_until="networkidle")
    assert_nothing_ran(page)
    assert shows_probes(page)


def test_the_answer_to_a_decision_is_text_too(page: Page) -> None:
    page.goto("/review/?structure=1", wait_until="networkidle")
    name = page.locator("h1").inner_text()
    page.keyboard.press("c")
    expect(page.get_by_text("Last:")).to_contain_text(name)
    assert_nothing_ran(page)


def test_no_stored_file_is_opened_as_a_page(page: Page, bare_site: LiveSite) -> None:
    """The original is downloaded, its images are images: neither runs what hangs on it."""
    for (photo,) in bare_site.rows("SELECT id FROM classifier_photo"):
        for kind in ("thumbnail", "working"):
            page.goto(f"/photos/{photo}/images/{kind}/")
            assert page.title() != "PWNED"
            assert page.evaluate("document.scripts.length") == 0
        page.goto(f"/photos/{photo}/")
        with page.expect_download() as download:
            page.evaluate(f"location.href = '/photos/{photo}/images/original/'")
        assert Path(download.value.suggested_filename).name == download.value.suggested_filename


def test_going_back_after_signing_out_shows_the_sign_in_page(page: Page) -> None:
    page.goto("/structures/1/")
    page.goto("/photos/1/")
    image = page.request.get("/photos/1/images/working/")
    assert image.ok
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")
    page.go_back(wait_until="networkidle")
    wait_until(lambda: "/sign-in/" in page.url, "the sign-in page is there", seconds=5)
    assert "onerror" not in page.content()
    gone = page.request.get("/photos/1/images/working/", max_redirects=0)
    assert gone.status == 302
