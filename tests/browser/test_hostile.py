"""S03, S04, S24: script in every text that people can enter, and pages after signing out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL.ExifTags import Base
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.bad_input.corpus import ROWS
from tests.bad_input.marked import exif
from tests.browser.shots import sign_in
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(800)]

PROBE = "<img src=x onerror=\"document.title='PWNED'\"><script>document.title='PWNED'</script>"
QUOTES = "\"'><svg onload=document.title='PWNED'>{{7*7}}"
ACTIVE = ("B096", "B097a", "B098", "B099", "B100", "B101", "B102a")


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site with no policy to fall back on, and probes in each of its texts."""
    with LiveSite.in_folder(
        tmp_path_factory.mktemp("hostile"),
        engine="stub",
        settings_module="tests.browser.settings_without_csp",
        sweep_seconds=2,
    ) as site:
        fill_with_probes(site)
        yield site


def fill_with_probes(site: LiveSite) -> None:
    session = site.sign_in()
    texts: dict[str, object] = {
        "name": PROBE[:100],
        "kind": "bridge",
        "location": PROBE,
        "latitude": "48.1",
        "longitude": "11.5",
        "notes": PROBE + QUOTES,
        "elements": QUOTES,
    }
    session.submit("/structures/new/", texts)
    session.submit("/structures/1/inspections/new/", {"title": PROBE[:110], "date": "2026-05-01"})
    session.submit("/inspections/1/upload/", {"notes": PROBE, "element": "1"})
    marks = exif({Base.Make: PROBE, Base.Model: QUOTES, Base.ImageDescription: PROBE})
    for _ in range(2):  # one decided below, one for the queue
        post(session, jpeg(CRACK, exif=marks), f"{QUOTES}.jpg")
    for row in (row for row in ROWS if row.id in ACTIVE):
        post(session, row.build(), f"{PROBE[:60]}{row.filename}")
    site.wait_for_classified(5, seconds=60)
    decision: dict[str, object] = {"outcome": "dismissed", "cause": "other", "remark": PROBE}
    session.submit("/photos/1/decisions/", decision)
    place = {"shape": "box", "x1": "10", "y1": "10", "x2": "50", "y2": "50"}
    session.submit("/photos/2/marks/", {"kind": "remark", "remark": PROBE, **place})
    session.submit("/inspections/1/reports/", {"paper": "A4"})


def post(session: Session, content: bytes, name: str) -> None:
    session.post(
        session.site.url("/photo-sets/1/photos/"),
        files={"photo": (name, content)},
        headers={"X-CSRFToken": session.cookies.get("csrftoken", "")},
        timeout=60,
    )


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
    assert page.title() != "PWNED"
    assert page.evaluate("document.querySelectorAll('img[onerror], svg[onload]').length") == 0


PAGES = (
    "/",
    "/structures/",
    "/structures/?q=" + QUOTES,
    "/structures/map/",
    "/structures/1/",
    "/structures/1/edit/",
    "/structures/1/inspections/new/",
    "/inspections/1/",
    "/inspections/1/upload/",
    "/photo-sets/1/",
    "/photos/1/",
    "/photos/2/",
    "/review/?structure=1",
    "/review/sheet/?structure=1",
    "/reports/1/",
    "/system/audit/",
    "/models/",
    "/admin/classifier/photo/",
    "/admin/classifier/structure/1/change/",
    "/admin/classifier/auditevent/",
    "/admin/classifier/decision/1/change/",
)


@pytest.mark.parametrize("path", PAGES)
def test_no_text_becomes_script_even_without_a_policy(page: Page, path: str) -> None:
    page.goto(path, wait_until="networkidle")
    assert "onerror" in page.content() or "svg onload" in page.content() or path in OTHERS
    assert_nothing_ran(page)


def test_the_answer_to_a_decision_is_text_too(page: Page) -> None:
    page.goto("/review/?structure=1", wait_until="networkidle")
    name = page.locator("h1").inner_text()
    page.keyboard.press("c")
    expect(page.get_by_text("Last:")).to_contain_text(name)
    assert_nothing_ran(page)


OTHERS = ("/models/", "/structures/1/inspections/new/", "/admin/classifier/photo/")


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
