"""`./dev bench review [PHOTOS]`: from the key to the next photo on the screen, in Chromium.

Runs a site of its own with drawn photos of 2,048 × 1,536 pixels, judged by the stub engine: what is
measured is the queue, not the model. A figure is the time from the key's event until the next
photo is decoded, put in place and painted (two animation frames later). Keys come every half second
and once as fast as the photos turn. Exits with 1 where the median of the calm run is over 150 ms.
"""

import io
import os
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ml_training.machine import machine
from ml_training.synthetic import draw_photo
from tests.browser.conftest import FLAGS, signed_in
from tests.live_site import LiveSite, Session

LIMIT_MS = 150
CALM_MS = 500
RED = (250, 10, 10)  # in a corner, for the stub engine
MEASURE = """
let pressed = 0;
window.times = [];
addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
document.addEventListener("turned", async () => {
  const start = pressed;
  await document.querySelector("[data-photo]").decode();
  requestAnimationFrame(() => requestAnimationFrame(() => times.push(performance.now() - start)));
});
"""


def fill(site: LiveSite, session: Session, count: int) -> None:
    """Upload `count` flagged photos: a few drawings, each file with a number of its own."""
    photo_set = site.new_photo_set(session)
    drawings = [draw_photo(seed=n, cracked=True, width=2048, height=1536).image for n in range(8)]
    for number in range(count):
        drawing = drawings[number % len(drawings)]
        drawing.paste(RED, (0, 0, 16, 16))
        file = io.BytesIO()
        drawing.save(file, "JPEG", quality=92, comment=str(number).encode())
        session.upload(photo_set, f"photo-{number:03}.jpg", file.getvalue())
    site.wait_for_classified(count, seconds=600)


def turn(page: Page, count: int, *, pause_ms: int) -> list[float]:
    """Confirm `count` photos by key; returns for each the milliseconds to the next one."""
    page.evaluate("times.length = 0")
    for number in range(1, count + 1):
        page.keyboard.press("c")
        page.wait_for_function("(number) => times.length >= number", arg=number, timeout=60_000)
        page.wait_for_timeout(pause_ms)
    return [float(value) for value in page.evaluate("times")]


def told(name: str, times: list[float]) -> str:
    p95 = statistics.quantiles(times, n=20)[-1]
    p50 = statistics.median(times)
    return f"{name:<34}{len(times):>4} photos   p50 {p50:4.0f} ms   p95 {p95:4.0f} ms\n"


def main(count: int) -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveSite.in_folder(Path(folder), engine="stub", sweep_seconds=2) as site,
        sync_playwright() as playwright,
    ):
        fill(site, site.sign_in(), count)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with signed_in(browser, site) as page:
            page.add_init_script(MEASURE)
            page.goto("/review/", wait_until="networkidle")
            half = (count - 4) // 2  # the last ones stay, so that there always is a next one
            calm = turn(page, half, pause_ms=CALM_MS)
            swift = turn(page, half, pause_ms=0)
        browser.close()
    sys.stdout.write(f"{machine()}; load {os.getloadavg()[0]:.1f}\n")
    sys.stdout.write(
        told(f"a key every {CALM_MS} ms", calm) + told("as fast as photos turn", swift)
    )
    return int(statistics.median(calm) > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
