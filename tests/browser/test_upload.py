"""Uploading without fear in Chromium: a reload and a lost network in the middle, none twice."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from ml_training.synthetic import draw_photo
from tests.browser.test_inspector import drop, register
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

COUNT = 60
SLOW = 250_000  # bytes a second: the upload must last long enough to be disturbed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of sixty drawn photos and a file that is none."""
    folder = tmp_path_factory.mktemp("visit")
    for seed in range(COUNT):
        photo = draw_photo(seed=seed, cracked=seed % 2 == 0, width=480, height=360)
        photo.image.save(folder / f"photo-{seed:02}.jpg", quality=95)
    (folder / "notes.txt").write_text("wet after rain")
    return folder


def network(cdp: CDPSession, *, offline: bool) -> None:
    conditions: dict[str, Any] = {"latency": 20, "downloadThroughput": -1, "offline": offline}
    cdp.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": SLOW})


def stored_in(site: LiveSite, photo_set: str) -> int:
    return site.value(f"SELECT count(*) FROM classifier_photo WHERE photo_set_id = {photo_set}")


def test_sixty_photos_survive_a_reload_and_ten_seconds_without_network(
    page: Page, site: LiveSite, folder: Path
) -> None:
    register(page, "Bridge of sixty")
    photo_set = page.url.rstrip("/").rsplit("/", 1)[1]
    page.on("dialog", lambda dialog: dialog.accept())
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    network(cdp, offline=False)
    picker, words = page.locator("#pick-folder"), page.locator("[data-sum-words]")

    page.locator("[data-drop]").wait_for()
    picker.set_input_files(folder)
    expect(words).to_contain_text("1 other files left out")
    expect(page.locator('[data-ledger] > li[data-state="stored"]').nth(9)).to_be_attached(
        timeout=60_000
    )
    page.reload()
    expect(words).to_contain_text("of 60 stored")
    expect(words).to_contain_text("to choose again: only those are sent")
    kept = stored_in(site, photo_set)
    assert 10 <= kept < COUNT

    page.locator("[data-drop]").wait_for()
    picker.set_input_files(folder)
    expect(page.locator('[data-ledger] > li[data-state="stored"]').nth(kept + 9)).to_be_attached(
        timeout=60_000
    )
    network(cdp, offline=True)
    expect(page.get_by_text("Trying again by itself").first).to_be_visible()
    page.wait_for_timeout(10_000)
    assert stored_in(site, photo_set) < COUNT
    network(cdp, offline=False)
    expect(words).to_contain_text("60 of 60 stored", timeout=90_000)

    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.jpg")}
    rows = site.rows(f"SELECT sha256 FROM classifier_photo WHERE photo_set_id = {photo_set}")
    assert sorted(rows) == sorted((digest,) for digest in digests)


def test_what_is_not_stored_can_be_saved_as_a_list(
    page: Page, drawn: list[Path], tmp_path: Path
) -> None:
    register(page, "Bridge of lists")
    bad = tmp_path / "=1+1.jpg"
    bad.write_bytes(b"GIF89a" + bytes(100))
    drop(page, [drawn[6], bad])
    expect(page.locator("[data-sum-words]")).to_contain_text("1 of 2 stored · 1 refused")
    with page.expect_download() as download:
        page.get_by_role("button", name="List of those not stored").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "file,state,reason"
    assert lines[1].startswith('"\'=1+1.jpg","refused","')
    assert len(lines) == 2
