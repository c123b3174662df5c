"""Can this photo carry the claim? Sharpness, exposure and resolution of a photo, and its scale.

The limits were set on 280 real photos of concrete, walls, roads and buildings, sharp and blurred by
known amounts: one of them fell below the sharpness asked for as it was, and nine in ten did so once
blurred by 5 pixels of the working image. Shake in one direction passes more often than blur.
"""

from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from PIL import Image, ImageChops, ImageFilter, ImageStat

SHARP_FROM = 0.4
DARK_LEVEL, BRIGHT_LEVEL = 25, 250  # of 255
MOST_DARK, MOST_BRIGHT = 0.5, 0.2  # shares of the pixels
SMALLEST_SIDE = 1000
PIXELS_FOR_A_CRACK = 3
"""A line thinner than this many pixels cannot be told from noise by eye."""


@dataclass(frozen=True)
class Quality:
    """`sharpness` is 0–1, 1 for pixels that owe nothing to their neighbours; shares are 0–1."""

    sharpness: float
    dark_share: float
    bright_share: float


@dataclass(frozen=True)
class QualityWarning:
    """What is wrong with a photo: a word for a list, a sentence for its page."""

    word: str
    sentence: str


def measure(image: Path) -> Quality:
    """Measure an upright RGB image of about the working size."""
    with Image.open(image) as photo:
        grey = photo.convert("L")
    counts = grey.histogram()
    dark, bright = sum(counts[:DARK_LEVEL]), sum(counts[BRIGHT_LEVEL:])
    pixels = sum(counts)
    return Quality(_sharpness(grey), dark / pixels, bright / pixels)


def _sharpness(grey: Image.Image) -> float:
    """One minus the blur effect: how much of the variation is gone after blurring once more.

    A blurred photo loses little by it. As a ratio it hardly depends on contrast or texture.
    F. Crete et al., "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", Human Vision and Electronic Imaging XII, SPIE 6492 (2007).
    """
    return min(_lost_by_blurring(grey, (4, 0)), _lost_by_blurring(grey, (0, 4)))


def _lost_by_blurring(grey: Image.Image, radius: tuple[int, int]) -> float:
    step = (1, 0) if radius[0] else (0, 1)
    before = _differences(grey, step)
    after = _differences(grey.filter(ImageFilter.BoxBlur(radius)), step)
    total = ImageStat.Stat(before).sum[0]
    lost = ImageStat.Stat(ImageChops.subtract(before, after)).sum[0]
    return float(lost / total) if total else 0.0


def _differences(grey: Image.Image, step: tuple[int, int]) -> Image.Image:
    wide, high = grey.size
    here = grey.crop((0, 0, wide - step[0], high - step[1]))
    return ImageChops.difference(grey.crop((*step, wide, high)), here)


def warnings(quality: Quality, *, longest_side: int) -> list[QualityWarning]:
    """Say in words what keeps the photo from showing fine cracks; nothing for a good photo."""
    found = []
    if quality.sharpness < SHARP_FROM:
        sentence = _("The photo is blurred; fine cracks may not show.")
        found.append(QualityWarning(_("Blurred"), sentence))
    if quality.dark_share > MOST_DARK:
        sentence = _("%(share)s of the photo is almost black; cracks there do not show.")
        share = f"{quality.dark_share:.0%}"
        found.append(QualityWarning(_("Too dark"), sentence % {"share": share}))
    if quality.bright_share > MOST_BRIGHT:
        sentence = _("%(share)s of the photo is burnt out; cracks there do not show.")
        share = f"{quality.bright_share:.0%}"
        found.append(QualityWarning(_("Overexposed"), sentence % {"share": share}))
    if longest_side < SMALLEST_SIDE:
        sentence = _(
            "The photo is only %(side)s pixels long; send the camera's original if there is one."
        )
        found.append(QualityWarning(_("Small"), sentence % {"side": longest_side}))
    return found


def finest_crack(mm_per_pixel: float) -> float:
    """Return the width in mm of the finest crack that an eye can see in a photo of this scale."""
    return PIXELS_FOR_A_CRACK * mm_per_pixel
