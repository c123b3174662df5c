"""The review queue by keyboard alone: the next photo at once, and no answer lost."""

import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ml_training.synthetic import draw_photo
from tests.browser.conftest import signed_in
from tests.factories import CRACK
from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

COUNT = 36


@pytest.fixture(scope="module")
def session(quick: LiveSite) -> Session:
    session = quick.sign_in()
    photo_set = quick.new_photo_set(session)
    for seed in range(COUNT):
        photo = draw_photo(seed=seed, cracked=True, width=800, height=600).image
        photo.paste(CRACK, (0, 0, 16, 16))
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=90)
        session.upload(photo_set, f"photo-{seed:02}.jpg", file.getvalue())
    quick.wait_for_classified(COUNT, seconds=120)
    return session


@pytest.fixture
def page(browser: Browser, quick: LiveSite, session: Session) -> Iterator[Page]:
    with signed_in(browser, quick) as page:
        yield page


def open_queue(page: Page) -> str:
    """Open the queue with the next photos at hand; returns the address of the one shown."""
    page.goto("/review/", wait_until="networkidle")
    page.evaluate("window.kept = true")  # gone after a page load
    return shown(page)


def shown(page: Page) -> str:
    return page.locator("[data-queued]").get_attribute("data-queued") or ""


def decisions(site: LiveSite) -> list[tuple[object, ...]]:
    query = "SELECT photo_id, outcome, cause FROM classifier_decision ORDER BY id"
    return site.rows(query)


def expect_stored(page: Page, words: str) -> None:
    expect(page.locator("[data-last]")).to_contain_text(words)


def test_an_answer_without_a_network_is_given_again(page: Page, quick: LiveSite) -> None:
    before = decisions(quick)
    photo = open_queue(page)
    name = page.locator("h1").inner_text()
    left = page.locator("[data-remaining]").inner_text()
    page.context.set_offline(True)
    page.keyboard.press("c")
    expect(page.get_by_role("alert")).to_contain_text(f"{name}: The site could not be reached")
    assert (shown(page), decisions(quick)) == (photo, before)
    expect(page.locator("[data-remaining]")).to_have_text(left)
    page.context.set_offline(False)
    page.wait_for_timeout(800)  # keys rest a moment after a photo came back
    page.keyboard.press("c")
    expect_stored(page, f"Last: {name}, Confirmed")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert decisions(quick)[len(before) :] == [(int(photo), "confirmed", "")]


def test_the_second_reviewer_is_told_of_the_first_decision(
    page: Page, quick: LiveSite, session: Session
) -> None:
    photo = open_queue(page)
    session.submit(f"/photos/{photo}/decisions/", {"outcome": "cant_tell"})
    before = decisions(quick)
    page.keyboard.press("c")
    sentence = page.get_by_role("alert")
    expect(sentence).to_contain_text("Someone decided first: Can’t tell, by admin")
    assert (shown(page), decisions(quick)) == (photo, before)
    page.get_by_role("link", name="All facts").click()
    expect(page.get_by_role("heading", name="Decide anew")).to_be_visible()


def test_undo_takes_back_the_last_of_several_quick_answers(page: Page, quick: LiveSite) -> None:
    open_queue(page)
    photos = []
    for _ in range(3):
        photos.append(shown(page))
        page.keyboard.press("t")
        expect(page.locator("[data-queued]")).not_to_have_attribute("data-queued", photos[-1])
    expect_stored(page, "Can’t tell")
    page.keyboard.press("u")
    expect(page.locator("[data-queued]")).to_have_attribute("data-queued", photos[-1])
    outcomes = [row[:2] for row in decisions(quick)[-4:]]
    answered = [(int(photo), "cant_tell") for photo in photos]
    assert outcomes == [*answered, (int(photos[-1]), "withdrawn")]


def test_without_scripts_each_answer_leads_to_the_next_photo(
    browser: Browser, page: Page, quick: LiveSite
) -> None:
    state = page.context.storage_state()
    plain = browser.new_context(
        base_url=quick.url(""), java_script_enabled=False, storage_state=state
    )
    form = plain.new_page()
    form.goto("/review/")
    first = shown(form)
    form.get_by_role("button", name="Confirm").click()
    expect_stored(form, "Confirmed")
    assert shown(form) != first
    form.get_by_role("button", name="Undo").click()
    assert shown(form) == first
    plain.close()


def test_thirty_photos_are_reviewed_by_keyboard_alone(page: Page, quick: LiveSite) -> None:
    before = len(decisions(quick))
    for _ in range(20):  # from the home page to the queue
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Review":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/")
    open_queue(page)
    expected = []
    for number in range(30):
        keys, *outcome = (("c", "confirmed", ""), ("d3", "dismissed", "stain"))[number % 2]
        photo = shown(page)
        for key in keys:
            page.keyboard.press(key)
        expected.append((int(photo), *outcome))
        if number < 29:
            expect(page.locator("[data-queued]")).not_to_have_attribute("data-queued", photo)
    wait_until(lambda: len(decisions(quick)) == before + 30, "all are stored", seconds=20)
    assert decisions(quick)[before:] == expected
    assert page.evaluate("window.kept"), "the page was loaded anew between two photos"


def test_a_viewer_who_posts_a_bulk_decision_is_refused(
    browser: Browser, quick: LiveSite, session: Session
) -> None:
    """The page was open when the role was taken away: the buttons are there, the right is not."""
    quick.make_person("wasreviewer", "reviewer")
    with signed_in(browser, quick, "wasreviewer") as page:
        page.goto("/review/sheet/")
        before = decisions(quick)
        quick.make_person("wasreviewer", "viewer")
        page.locator('input[name="photo"]').first.check()
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("heading", name="This is not open to you")).to_be_visible()
        assert decisions(quick) == before


def test_leaving_a_photo_for_later_turns_to_the_next(page: Page) -> None:
    first = open_queue(page)
    page.keyboard.press("n")
    expect(page.locator("[data-queued]")).not_to_have_attribute("data-queued", first)
    assert f"skip={first}" in page.url
    page.reload()
    assert shown(page) != first


def test_every_cause_of_a_dismissal_is_seen_in_the_window_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 664})
    open_queue(page)
    expect(page.locator("[data-causes] summary")).to_be_in_viewport(ratio=1)
    page.locator("[data-causes] summary").click()
    for cause in page.locator(".causes button").all():
        expect(cause).to_be_in_viewport(ratio=1)


def test_what_comes_next_names_no_photo_that_was_answered(page: Page) -> None:
    answered = []
    open_queue(page)
    for _ in range(2):
        answered.append(shown(page))
        page.keyboard.press("n")
        expect(page.locator("[data-queued]")).not_to_have_attribute("data-queued", answered[-1])
        for photo in answered:
            expect(page.locator(f'[data-coming="{photo}"]')).to_have_count(0)
