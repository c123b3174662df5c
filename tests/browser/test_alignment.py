"""Photo, evidence and outlines lie on each other, at every orientation a camera writes."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat
from PIL.ExifTags import Base
from playwright.sync_api import Browser, Page

from tests.browser.conftest import signed_in
from tests.factories import CRACK, SOUND, jpeg
from tests.live_site import LiveSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SIZE = (900, 600)
# How the upright picture is stored so that the EXIF value of that number makes it upright again.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
TOLERANCE = 4  # screen pixels: half an outline, and the blur of JPEG


MOVED = ".update(outline=[[0.5, 0.5], [0.9, 0.5], [0.9, 0.9]])"


def photo_of(orientation: int) -> bytes:
    """Return a photo whose upright top left quarter is red: just where the stub sees a crack."""
    upright = Image.new("RGB", SIZE, SOUND)
    upright.paste(CRACK, (0, 0, SIZE[0] // 2, SIZE[1] // 2))
    how = STORED[orientation]
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    file = io.BytesIO()
    (upright.transpose(how) if how is not None else upright).save(
        file, "JPEG", quality=95, exif=exif, comment=str(orientation).encode()
    )
    return file.getvalue()


def stage(page: Page, *, overlay: bool = False, outlines: bool = False) -> Image.Image:
    page.locator('[name="overlay"]').set_checked(overlay)
    page.locator('[name="outlines"]').set_checked(outlines)
    bar = page.locator(".viewer-stage").bounding_box()
    assert bar
    clip = {"x": bar["x"] + 60, "y": bar["y"], "width": bar["width"] - 120, "height": bar["height"]}
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]  # a plain dict will do


def box_of_red(picture: Image.Image) -> tuple[int, int, int, int]:
    red, green, _ = picture.split()
    mask = ImageChops.subtract(red, green).point(lambda value: 255 if value > 120 else 0)
    return mask.getbbox() or (0, 0, 0, 0)


def box_of_change(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int]:
    change = ImageChops.difference(before, after).convert("L")
    return change.point(lambda value: 255 if value > 60 else 0).getbbox() or (0, 0, 0, 0)


def share_in(box: tuple[int, int, int, int], before: Image.Image, after: Image.Image) -> float:
    change = ImageChops.difference(before, after).convert("L")
    whole, inside = (ImageStat.Stat(part).sum[0] for part in (change, change.crop(box)))
    return float(inside / whole)


def test_evidence_and_outlines_lie_on_the_crack_at_every_orientation(
    browser: Browser, quick: LiveSite
) -> None:
    session = quick.sign_in()
    photo_set = quick.new_photo_set(session, "Bridge of orientations")
    before = quick.photos_in("classified")
    for orientation in STORED:
        session.upload(photo_set, f"orientation-{orientation}.jpg", photo_of(orientation))
    quick.wait_for_classified(before + len(STORED), seconds=60)
    query = f"SELECT id FROM classifier_photo WHERE photo_set_id = {photo_set} ORDER BY id"
    with signed_in(browser, quick) as page:
        for number, (photo,) in enumerate(quick.rows(query), 1):
            page.goto(f"/photos/{photo}/", wait_until="networkidle")
            for zoom in ("whole", "closer"):
                if zoom == "closer":
                    page.keyboard.press("+")
                    page.keyboard.press("+")
                    page.wait_for_load_state("networkidle")
                    page.wait_for_timeout(300)  # the original takes the working image's place
                check(page, f"orientation {number}, {zoom}", closer=zoom == "closer")


def test_a_number_stands_at_its_outline_where_the_photo_is_not_shaped_as_the_window(
    browser: Browser, quick: LiveSite
) -> None:
    session = quick.sign_in()
    photo_set = quick.new_photo_set(session, "Bridge of squares")
    before = quick.photos_in("classified")
    session.upload(photo_set, "square.jpg", jpeg(CRACK, size=(700, 700)))
    quick.wait_for_classified(before + 1, seconds=60)
    photo = quick.value("SELECT max(id) FROM classifier_photo")
    session.submit(f"/photos/{photo}/decisions/", {"outcome": "confirmed"})
    quick.manage("shell", "--command", f"Region.objects.filter(prediction__photo={photo}){MOVED}")
    with signed_in(browser, quick) as page:
        page.goto(f"/photos/{photo}/", wait_until="networkidle")
        for _ in ("whole", "closer"):
            outline = page.locator(".viewer-outline").first.bounding_box()
            number = page.locator(".viewer-sheet text").first.bounding_box()
            assert outline
            assert number
            corner = (number["x"] - outline["x"], number["y"] - outline["y"])
            assert corner == pytest.approx((0, 0), abs=12), "the number is not at its corner"
            assert number["height"] < 40, "the number grows as one looks closer"
            page.keyboard.press("+")


def check(page: Page, what: str, *, closer: bool) -> None:
    bare = stage(page)
    red = box_of_red(bare)
    outline = box_of_change(bare, stage(page, outlines=True))
    # Closer, the left and upper sides lie outside of the window.
    sides = slice(2, 4) if closer else slice(0, 4)
    assert red[sides] == pytest.approx(outline[sides], abs=TOLERANCE), f"{what}: {red}, {outline}"
    assert share_in(red, bare, stage(page, overlay=True)) > 0.6, f"{what}: evidence beside"
