"""L9: a laptop that sleeps in the middle of an upload, and wakes to connections that are dead."""

import hashlib
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from ml_training.synthetic import draw_photo
from tests.browser.conftest import signed_in
from tests.browser.test_inspector import register
from tests.live_site import ROOT, LiveSite, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

COUNT = 40
SLOW = 300_000  # bytes a second: the upload must last long enough to be disturbed
SILENCE = 5_000
"""Milliseconds that stand for the two minutes in upload.js, so that nobody has to wait for them."""


class Wire:
    """A network between browser and site, whose connections can die without a word to either."""

    def __init__(self, site: LiveSite) -> None:
        self.site = site
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.dead: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.site.port))
                self.pairs.append((near, far))
                for way in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while (data := source.recv(16_384)) and source not in self.dead:
                target.sendall(data)
            if source not in self.dead:
                target.shutdown(socket.SHUT_WR)

    def let_all_die(self) -> int:
        """Carry no byte more over any connection, and close none; return how many there are."""
        self.dead |= {end for pair in self.pairs for end in pair}
        return len(self.pairs)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.listener.close()
        for near, far in self.pairs:
            near.close()
            far.close()


@pytest.fixture
def wire(site: LiveSite) -> Iterator[Wire]:
    wire = Wire(site)
    yield wire
    wire.close()


@contextmanager
def asleep(browser: Browser) -> Iterator[None]:
    """Freeze every process of the browser."""
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    pids = [int(process["id"]) for process in told["processInfo"]]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def impatient(route: Route) -> None:
    script = (ROOT / "static" / "js" / "upload.js").read_text()
    changed = re.sub(r"const SILENCE = [\d_]+;", f"const SILENCE = {SILENCE};", script)
    assert changed != script
    route.fulfill(body=changed, content_type="text/javascript")


def photos(folder: Path) -> list[Path]:
    paths = [folder / f"photo-{seed:02}.jpg" for seed in range(COUNT)]
    for seed, path in enumerate(paths):
        draw_photo(seed=seed, cracked=True, width=480, height=360).image.save(path, quality=95)
    return paths


def test_an_upload_goes_on_when_the_laptop_wakes_up(
    browser: Browser, site: LiveSite, wire: Wire, tmp_path: Path
) -> None:
    """All photos are stored, each once, though no connection told anybody that it had died."""
    paths = photos(tmp_path)
    with signed_in(browser, site, base_url=wire.address) as page:
        page.route(re.compile(r"/upload(\.\w+)?\.js$"), impatient)
        slow_down(page)
        register(page, "Bridge of sleep")
        photo_set = page.url.rstrip("/").rsplit("/", 1)[1]
        stored = f"SELECT count(*) FROM classifier_photo WHERE photo_set_id = {photo_set}"
        page.locator("[data-drop]").wait_for()
        page.locator("#pick-files").set_input_files(paths)
        wait_until(lambda: site.value(stored) >= 5, "some photos are stored", seconds=60)
        with asleep(browser):
            assert wire.let_all_die()
        words = page.locator("[data-sum-words]")
        expect(words).to_contain_text(f"{COUNT} of {COUNT} stored", timeout=120_000)
    digests = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    rows = site.rows(f"SELECT sha256 FROM classifier_photo WHERE photo_set_id = {photo_set}")
    assert sorted(str(row[0]) for row in rows) == digests


def slow_down(page: Page) -> None:
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": SLOW},
    )
