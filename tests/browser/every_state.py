"""Every state of a page that no plain address shows: what went wrong, and what is open or empty."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.shots import sign_in
from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite

_numbers = itertools.count(1)
State = Callable[[Page, LiveSite], None]
_UNCHECKED = "document.querySelectorAll('form').forEach((it) => { it.noValidate = true })"
_A_PHOTO = "SELECT max(id) FROM classifier_photo WHERE state = 'classified'"


def help_of_the_queue(page: Page, _: LiveSite) -> None:
    page.goto("/review/", wait_until="networkidle")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()


def help_of_a_photo(page: Page, site: LiveSite) -> None:
    page.goto(f"/photos/{site.value(_A_PHOTO)}/", wait_until="networkidle")
    page.locator("[data-help-open]").click()
    page.locator("dialog[open]").wait_for()


def decided_meanwhile(page: Page, site: LiveSite) -> None:
    photo = site.value(_A_PHOTO)
    page.goto(f"/photos/{photo}/")
    standing = f"SELECT decision_id FROM classifier_photo WHERE id = {photo}"
    seen = site.rows(standing)[0][0] or ""
    answer = site.sign_in().submit(
        f"/photos/{photo}/decisions/", {"outcome": "cant_tell", "seen": seen}
    )
    assert answer.ok
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Someone decided first").wait_for()


def already_training(page: Page, site: LiveSite) -> None:
    """A press of “train” on a page that was opened before the run began."""
    page.goto("/models/")
    run = site.value("SELECT max(id) FROM classifier_trainingrun")
    ended = str(site.rows(f"SELECT state FROM classifier_trainingrun WHERE id = {run}")[0][0])
    _set_state_of_run(site, run, "running")
    page.locator("form[action='/training-runs/'] button").first.click()
    page.get_by_role("heading", name="A training run is under way").wait_for()
    _set_state_of_run(site, run, ended)


def _set_state_of_run(site: LiveSite, run: int, state: str) -> None:
    connection = sqlite3.connect(site.layout.data / "db.sqlite3", timeout=20)
    with connection:
        connection.execute("UPDATE classifier_trainingrun SET state = ? WHERE id = ?", (state, run))
    connection.close()


def unreadable_request(page: Page, _: LiveSite) -> None:
    page.goto("/structures/new/")
    many = "".join(f'<input name="field-{number}">' for number in range(600))
    page.evaluate(f"document.querySelector('main form').insertAdjacentHTML('beforeend', '{many}')")
    page.evaluate(_UNCHECKED)
    page.get_by_role("button", name="Save structure").click()
    page.get_by_role("heading", name="could not be read").wait_for()


def stale_form(page: Page, _: LiveSite) -> None:
    """A form whose token is another session's, as after signing in anew elsewhere."""
    page.goto("/structures/new/")
    page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'old'")
    page.evaluate(_UNCHECKED)
    page.get_by_role("button", name="Save structure").click()
    page.locator(".fault").wait_for()


def not_found(page: Page, _: LiveSite) -> None:
    page.goto("/nowhere/")


def shut_link(page: Page, _: LiveSite) -> None:
    page.goto(f"/shared/{'x' * 43}/")


def fault_of_the_site(page: Page, site: LiveSite) -> None:
    with nonsense_for_a_threshold(site) as version:
        page.goto(f"/models/{version}/")
    page.get_by_role("heading", name="The site had a fault").wait_for()


@contextmanager
def nonsense_for_a_threshold(site: LiveSite) -> Iterator[int]:
    version = site.value("SELECT max(id) FROM classifier_modelversion")
    (before,) = site.rows(f"SELECT clear_below FROM classifier_modelversion WHERE id = {version}")[
        0
    ]
    _set_threshold(site, version, "nonsense")
    try:
        yield version
    finally:
        _set_threshold(site, version, before)


def _set_threshold(site: LiveSite, version: int, value: object) -> None:
    connection = sqlite3.connect(site.layout.data / "db.sqlite3", timeout=20)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    with connection:
        connection.execute(
            "UPDATE classifier_modelversion SET clear_below = ? WHERE id = ?", (value, version)
        )
    connection.close()


def _refused(path: str, button: str, *, empty: str = "") -> State:
    def refused(page: Page, _: LiveSite) -> None:
        page.goto(path)
        if empty:
            page.get_by_label(empty).fill("")
        page.evaluate(_UNCHECKED)
        page.locator("main").get_by_role("button", name=button).click()
        page.locator(".error").first.wait_for()

    return refused


def refused_thresholds(page: Page, site: LiveSite) -> None:
    version = site.value("SELECT max(id) FROM classifier_modelversion")
    page.goto(f"/models/{version}/thresholds/?clear_below=0.9&flagged_from=0.1")
    page.locator(".error").first.wait_for()


def refused_mark(page: Page, site: LiveSite) -> None:
    photo = site.value(_A_PHOTO)
    page.goto(f"/photos/{photo}/")
    form = json.dumps({"kind": "remark", "shape": "box"})
    page.evaluate(
        f"""() => {{
          const form = document.querySelector("form[action$='/marks/']");
          form.noValidate = true;
          for (const [name, value] of Object.entries({form})) form.elements[name].value = value;
          form.submit();
        }}"""
    )
    page.locator(".message, .messages, [role=alert], [role=status]").first.wait_for()


def ledger(page: Page, site: LiveSite) -> None:
    """Files that were stored, were here already and were refused."""
    photo_set = site.new_photo_set(site.sign_in(), "Bridge of the ledger")
    page.goto(f"/photo-sets/{photo_set}/")
    folder = Path(site.layout.data)
    stored, refused = folder / "girder.jpg", folder / "notes.jpg"
    stored.write_bytes(jpeg(CRACK, size=(640, 480)))
    refused.write_bytes(b"no photo")
    page.locator("#pick-files").set_input_files([stored, refused])
    page.locator("[data-ledger] li").nth(1).wait_for()
    for word in ("Stored", "Refused"):
        said = page.locator("[data-ledger]").get_by_text(word, exact=True)
        said.locator("visible=true").first.wait_for()


def _new_structure(page: Page) -> str:
    page.goto("/structures/new/")
    page.get_by_label("Name").fill(f"Empty bridge {next(_numbers)}")
    page.get_by_label("Type").select_option("bridge")
    page.get_by_role("button", name="Save structure").click()
    page.wait_for_url("**/structures/*/")
    return page.url


def no_inspection(page: Page, _: LiveSite) -> None:
    _new_structure(page)


def no_photo(page: Page, _: LiveSite) -> None:
    page.goto(f"{_new_structure(page)}inspections/new/")
    page.get_by_role("button", name="Save inspection").click()
    page.wait_for_url("**/upload/")
    page.goto(page.url.removesuffix("upload/"))


def nothing_matches(page: Page, _: LiveSite) -> None:
    page.goto("/structures/1/?verdict=clear&review=cant_tell")


def nothing_to_review(page: Page, _: LiveSite) -> None:
    page.goto(f"/review/?structure={_new_structure(page).split('/')[-2]}")


def empty_sheet(page: Page, _: LiveSite) -> None:
    page.goto(f"/review/sheet/?structure={_new_structure(page).split('/')[-2]}")


def forbidden(page: Page, site: LiveSite) -> None:
    site.make_person("onlooker", "viewer")
    page.context.clear_cookies()
    sign_in(page, site, username="onlooker")
    page.goto("/review/")
    page.locator(".fault").wait_for()


def locked_out(page: Page, _: LiveSite) -> None:
    page.context.clear_cookies()
    for number in range(6):
        page.goto("/sign-in/")
        page.get_by_label("Username").fill("nobody")
        page.get_by_label("Password").fill(f"wrong {number}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
    page.get_by_role("heading", name="Too many tries").wait_for()


def refused_sign_in(page: Page, _: LiveSite) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("Username").fill("somebody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("do not match").wait_for()


STATES: dict[str, State] = {
    "help of the queue": help_of_the_queue,
    "help of a photo": help_of_a_photo,
    "409": decided_meanwhile,
    "409 of a training": already_training,
    "400": unreadable_request,
    "403 of a stale form": stale_form,
    "404": not_found,
    "shut link": shut_link,
    "500": fault_of_the_site,
    "structure refused": _refused("/structures/new/", "Save structure"),
    "inspection refused": _refused(
        "/structures/1/inspections/new/", "Save inspection", empty="Title"
    ),
    "person refused": _refused("/people/new/", "Add"),
    "password refused": _refused("/password/", "Change"),
    "thresholds refused": refused_thresholds,
    "mark refused": refused_mark,
    "ledger": ledger,
    "no inspection": no_inspection,
    "no photo": no_photo,
    "nothing matches": nothing_matches,
    "nothing to review": nothing_to_review,
    "empty sheet": empty_sheet,
    "403": forbidden,
    "sign-in refused": refused_sign_in,
    "429": locked_out,
}
"""The last ones sign out."""
