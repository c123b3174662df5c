"""An admin's loop in Chromium: review 30, train, compare, activate, see the flips, roll back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import signed_in
from tests.factories import CRACK, DOUBT, jpeg
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site of its own: a run learns from all that was reviewed."""
    folder = tmp_path_factory.mktemp("loop")
    with LiveSite.in_folder(folder, engine="stub", sweep_seconds=2) as running:
        yield running


@pytest.fixture(scope="module")
def structures(quick: LiveSite) -> list[int]:
    """Return three structures with ten photos each: five flagged, five undecided."""
    session, found = quick.sign_in(), []
    for name in ("West pier", "East pier", "Weir"):
        photo_set = quick.new_photo_set(session, name)
        for number, colour in enumerate([CRACK] * 5 + [DOUBT] * 5):
            content = jpeg(colour, size=(320, 240))
            session.upload(photo_set, f"{name}-{number}.jpg", content)
        found.append(quick.value("SELECT max(id) FROM classifier_structure"))
    quick.wait_for_classified(30, seconds=60)
    return found


def review(page: Page, structure: int) -> None:
    """Confirm what is flagged and dismiss what is not, the most certain first, by keyboard."""
    page.goto(f"/review/?structure={structure}", wait_until="networkidle", timeout=90_000)
    for keys in ("c",) * 5 + ("d1",) * 5:
        name = page.locator("h1").inner_text()
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_text("Last:")).to_contain_text(name)
        expect(page.locator("h1")).not_to_have_text(name)  # the next photo, or the end


def train(page: Page) -> None:
    """Start a run on the models page, watch it, and open its candidate."""
    page.goto("/models/")
    page.get_by_role("button", name="Start a training run").click()
    expect(page.get_by_text("30 reviewed photos")).to_be_visible()
    expect(page.get_by_role("row", name="Opened, with the model’s answer 30 15")).to_be_visible()
    page.get_by_role("link", name="See the candidate").click(timeout=60_000)


def compare_again(page: Page, site: LiveSite) -> None:
    """Let the candidate on the page pass by the thresholds that it has now."""
    page.get_by_role("button", name="Compare now").click()
    trials = "SELECT count(*) FROM classifier_trial"
    wait_until(lambda: site.value(trials) == 2, "it is compared again", seconds=60)
    tried = "SELECT count(*) FROM classifier_rescoring WHERE state = 'finished'"
    wait_until(lambda: site.value(tried) == 1, "its trial on the newest photos ends", seconds=60)
    page.reload()
    expect(page.get_by_text("It passed every condition below.")).to_be_visible()
    expect(page.get_by_text("with all of 30 photos")).to_be_visible()


def test_an_admin_goes_once_around_the_loop(
    browser: Browser, quick: LiveSite, structures: list[int]
) -> None:
    quick.start_trainer()
    with signed_in(browser, quick) as page:
        for structure in structures:
            review(page, structure)
        train(page)
        expect(page.get_by_text("It passed every condition below.")).to_be_visible()

        # It shall flag what was undecided so far.
        page.get_by_role("link", name="Move the thresholds").click()
        page.locator("#id_flagged_from").fill("0.45")
        page.get_by_role("button", name="Show what they would do").click()
        page.get_by_role("button", name="Save these").click()
        expect(page.get_by_role("heading", name="Now flagged: 5")).to_be_visible()
        expect(page.get_by_text("by the thresholds that both have now")).to_be_visible()
        compare_again(page, quick)

        page.get_by_role("button", name="Activate this version").click()
        expect(page.get_by_text("classifies from the next photo on.").first).to_be_visible()
        page.get_by_role("link", name="run 1 from stub").first.click()
        page.get_by_role("link", name="Old photos").click()
        page.get_by_role("button", name="again").click()
        expect(page.get_by_role("heading", name="Now flagged: 15")).to_be_visible(timeout=30_000)

        page.goto("/models/")
        page.get_by_role("button", name="Roll back to stub").click()
        expect(page.get_by_text("stub classifies from the next photo on.")).to_be_visible()
    active = quick.rows("SELECT name FROM classifier_modelversion WHERE state = 'active'")
    assert active == [("stub",)]
    quick.kill("train")
