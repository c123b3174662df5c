"""`./dev shots [FOLDER]`: a screenshot of every page, at phone and desktop width, light and dark.

The .jpg files among them are the README's: copy them to docs/images when their pages have changed.
Runs a site of its own with the drawn demo photos and the released model, so every picture may be
published. Pages that do not scroll (photo, review) are taken as the window shows them.
"""

import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.every_page import addresses
from tests.live_site import LiveSite, wait_until

SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
README = {"photo": "desktop", "review": "desktop", "structure": "desktop", "inspection": "phone"}


def sign_in(page: Page, site: LiveSite, *, username: str = "admin") -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(site.url("/"))


def fill(site: LiveSite) -> None:
    """Bring the demo photos, decisions on some of them, and one finished training run."""
    site.manage("draw_demo")
    count = site.value("SELECT count(*) FROM classifier_photo")
    site.wait_for_classified(count, seconds=300)
    session = site.sign_in()
    rows = site.rows("SELECT photo_id, verdict FROM classifier_prediction ORDER BY photo_id")
    for number, (photo, verdict) in enumerate(rows):
        fields = {"outcome": "confirmed"}
        if verdict == "clear":
            fields = {"outcome": "dismissed", "cause": "texture"}
        if number % 5:
            session.submit(f"/photos/{photo}/decisions/", dict(fields))
    site.start_trainer()
    session.submit("/training-runs/")
    site.wait_for_run(seconds=300)
    session.submit("/inspections/2/reports/", {"paper": "A4"})
    wait_until(
        lambda: site.rows("SELECT state FROM classifier_report") == [("ready",)],
        "the report is written",
        seconds=120,
    )


def take(browser: Browser, site: LiveSite, folder: Path) -> None:
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            context = browser.new_context(
                base_url=site.url(""),
                viewport={"width": width, "height": height},
                color_scheme=theme,
            )
            page = context.new_page()
            for name, path in addresses(site).items():
                page.goto(path, wait_until="networkidle")
                full = name not in ("photo", "review")
                file = f"{name.replace(':', '-')}-{size}-{theme}.png"
                page.screenshot(path=folder / file, full_page=full)
                if name == "sign-in":
                    sign_in(page, site)
            context.close()


def pictures_of_the_readme(folder: Path) -> None:
    """Write four pages small enough to be committed, each as much as a window shows."""
    for name, size in README.items():
        with Image.open(folder / f"{name}-{size}-light.png") as page:
            seen = page.crop((0, 0, page.width, min(page.height, SIZES[size][1])))
            seen.convert("RGB").save(folder / f"{name}.jpg", quality=76, optimize=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        LiveSite.in_folder(Path(data), sweep_seconds=2) as site,
        sync_playwright() as playwright,
    ):
        fill(site)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take(browser, site, folder)
        browser.close()
    pictures_of_the_readme(folder)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/shots"))
