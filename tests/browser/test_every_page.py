"""Every page in light and dark, on a phone and on a desk, as WCAG 2.2 AA wants it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.access.test_matrix import MATRIX
from tests.browser.every_page import NOT_PAGES, addresses
from tests.browser.shots import SIZES, THEMES, sign_in
from tests.conventions.source import complaint
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "runOnly": WCAG,
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}

OPEN_ALL = "document.querySelectorAll('details:not(.menu)').forEach((it) => { it.open = true })"

FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  const style = getComputedStyle(it);
  const box = it.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    what: it.outerHTML.slice(0, 120),
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    covered: !top || !(it.contains(top) || top.contains(it) || it.labels?.[0]?.contains(top)),
  };
}"""


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, full_site: LiveSite, complaints: list[str]) -> Iterator[Page]:
    """Return a page that keeps each line of its console and each break of the policy (S05)."""
    context = browser.new_context(base_url=full_site.url(""), reduced_motion="reduce")
    context.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (it) => console.error('policy', it.violatedDirective, it.blockedURI))"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("console", lambda line: complaints.append(f"{page.url}: {line.text}"))
    yield page
    context.close()


def visit(page: Page, site: LiveSite) -> Iterator[str]:
    """Open every page, the one without an account first."""
    page.goto("/sign-in/")
    yield "sign-in"
    sign_in(page, site)
    for name, path in addresses(site).items():
        if name != "sign-in":
            page.goto(path)
            assert page.url == site.url(path)
            yield name


def violations(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=OPTIONS).response
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[1].strip()})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def test_every_page_is_open_to_everybody(
    page: Page, full_site: LiveSite, complaints: list[str]
) -> None:
    found: set[str] = set()
    for name in visit(page, full_site):
        page.evaluate(OPEN_ALL)
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                found |= {f"{name} ({size}, {theme}) {line}" for line in violations(page)}
    assert not found, complaint("Somebody cannot use these:", sorted(found))
    unexpected = [line for line in complaints if "404 (Not Found)" not in line]
    assert not unexpected, complaint("The browser complained:", unexpected)


def test_axe_sees_what_is_wrong(page: Page) -> None:
    page.set_content("<main><h1>Bridge</h1><button></button></main>")
    assert [line.split(":")[0] for line in violations(page)][:1] == ["button-name"]


def test_no_page_is_wider_than_its_window(page: Page, full_site: LiveSite) -> None:
    wide = []
    for name in visit(page, full_site):
        for width in (320, 390, 1440, 2560):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(f"{name} at {width} px")
    assert not wide, complaint("To be read, these have to be pushed to and fro:", wide)


def test_whoever_walks_by_keyboard_sees_where_they_are(page: Page, full_site: LiveSite) -> None:
    lost = []
    for name in visit(page, full_site):
        page.locator("body").press("Tab")
        for _ in range(60):
            focus = page.evaluate(FOCUS)
            if focus is None:
                break
            if not focus["seen"] or focus["covered"]:
                lost.append(f"{name}: {focus}")
            page.keyboard.press("Tab")
    assert not lost, complaint("The focus is not to be seen on:", lost)


def test_a_structure_is_opened_from_the_map_by_keyboard(page: Page, full_site: LiveSite) -> None:
    sign_in(page, full_site)
    page.goto("/structures/map/")
    pin = page.locator(".pin").filter(has_text="to review").first
    expect(page.locator(".pin")).to_have_count(3)
    pin.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/structures/\d+/"))
    expect(page.locator("h1")).to_contain_text(re.compile("bridge|wall|tunnel"))


def test_nothing_moves_for_whoever_asked_for_rest(page: Page, full_site: LiveSite) -> None:
    moving = [
        name for name in visit(page, full_site) if page.evaluate("document.getAnimations().length")
    ]
    assert not moving


def test_paper_gets_black_on_white_and_no_buttons(page: Page, full_site: LiveSite) -> None:
    sign_in(page, full_site)
    page.emulate_media(media="print", color_scheme="dark")
    for name in ("structure", "inspection", "photo"):
        page.goto(addresses(full_site)[name])
        assert not page.locator(".topbar, .button").locator("visible=true").count(), name
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        ink = "getComputedStyle(document.querySelector('h1')).color"
        assert page.evaluate(f"[{ground}, {ink}]") == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], name


def test_every_address_that_is_a_page_is_visited(full_site: LiveSite) -> None:
    visited = {name.partition(":")[0] for name in addresses(full_site)}
    routes = {row["route"].partition("/")[0] for row in MATRIX if row["verb"] == "GET"}
    own = {route for route in routes if not route.startswith("admin:")}
    assert own == visited | set(NOT_PAGES)
