"""An admin's loop with the released network: review 30 drawn photos, train, read the comparison,
activate, see the flips, roll back. Only where things end is waited for: what shows for a moment may
never be seen.
"""

import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ml_training.synthetic import draw_photo
from tests.browser.conftest import signed_in
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

STRUCTURES, PHOTOS = 3, 10
END = 300_000
"""Milliseconds after which what goes on in the background has ended."""


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Return a site with a trainer, the released model and thirty reviewed photos."""
    folder = tmp_path_factory.mktemp("learning")
    with LiveSite.in_folder(folder, sweep_seconds=2, training_epochs=1) as site:
        review(site)
        site.start_trainer()
        yield site


def review(site: LiveSite) -> None:
    """Send photos of three structures, half of them cracked, and decide as they were drawn."""
    session = site.sign_in()
    for structure in range(STRUCTURES):
        photo_set = site.new_photo_set(session, f"Bridge {structure}")
        for number in range(PHOTOS):
            session.upload(photo_set, name_of(number), drawn(structure * PHOTOS + number))
    site.wait_for_classified(STRUCTURES * PHOTOS, seconds=300)
    for pk, name in site.rows("SELECT id, name FROM classifier_photo"):
        outcome = "confirmed" if str(name).startswith("crack") else "dismissed"
        session.submit(f"/photos/{pk}/decisions/", {"outcome": outcome, "cause": "texture"})


def name_of(number: int) -> str:
    return f"{'wall' if number % 2 else 'crack'}-{number}.jpg"


def drawn(seed: int) -> bytes:
    file = io.BytesIO()
    photo = draw_photo(seed=seed, cracked=seed % 2 == 0, width=640, height=480)
    photo.image.save(file, "JPEG", quality=92)
    return file.getvalue()


def test_an_admin_goes_around_the_loop_with_the_released_network(
    browser: Browser, learning: LiveSite
) -> None:
    with signed_in(browser, learning) as page:
        page.goto("/models/")
        page.get_by_role("button", name="Start a training run").click()
        page.get_by_role("link", name="See the candidate").click(timeout=END)
        candidate = page.locator("h1").inner_text()
        activate_against_the_gate(page)
        see_what_changed(page, candidate)
        page.goto("/models/")
        page.get_by_role("button", name="Roll back to hairline").click()
        expect(page.get_by_text("classifies from the next photo on.").first).to_be_visible()
    ends = "SELECT state, count(*) FROM classifier_modelversion GROUP BY state ORDER BY state"
    assert learning.rows(ends) == [("active", 1), ("candidate", 1)]
    active = "SELECT name FROM classifier_modelversion WHERE state = 'active'"
    assert str(learning.rows(active)[0][0]).startswith("hairline")
    decided = "SELECT count(*) FROM classifier_photo WHERE decision_id IS NOT NULL"
    assert learning.value(decided) == STRUCTURES * PHOTOS


def activate_against_the_gate(page: Page) -> None:
    """Ten photos measured are too few for the gate, whatever the network learned."""
    expect(page.get_by_text("Too little to compare on").first).to_be_visible()
    expect(page.get_by_role("button", name="Activate this version")).to_have_count(0)
    page.get_by_text("Activate it nevertheless").click()
    page.get_by_label("Why?").fill("To see it at work on a test bridge.")
    page.get_by_role("button", name="Activate against the gate").click()
    expect(page.get_by_text("classifies from the next photo on.").first).to_be_visible()


def see_what_changed(page: Page, candidate: str) -> None:
    page.goto("/models/")
    page.get_by_role("link", name=candidate).first.click()
    page.get_by_role("link", name="Old photos").click()
    page.get_by_role("button", name="again").click()
    expect(page.get_by_text("Finished")).to_be_visible(timeout=END)
    for heading in ("Now flagged", "No longer flagged"):
        counted = re.compile(rf"^{heading}: \d+$")
        expect(page.get_by_role("heading", name=counted)).to_be_visible()
