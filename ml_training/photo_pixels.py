"""From an opened photo to upright 8-bit sRGB pixels. `photos` guards the way here: use that.

Functions raise whatever Pillow and libheif raise: `photos` turns it into a `PhotoError`.
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageFile

_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
MODES = frozenset(
    (*_SIXTEEN_BIT, *_TRANSPARENT, "1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr"),
)
_ORIENTATION = 0x0112
_TURNED_BY_DECODER = ("TIFF", "HEIF")  # Pillow and libheif rotate these themselves, while loading
_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TO_EIGHT_BIT = [(value + 128) // 257 for value in range(65_536)]
_WHITE = (255, 255, 255)


def upright(photo: ImageFile.ImageFile, max_side: int | None) -> Image.Image:
    """Decode, bring to at most `max_side`, to sRGB and upright; the result carries no metadata."""
    turn = None if turned_by_decoder(photo) else _TRANSPOSED.get(orientation(photo))
    profile = photo.info.get("icc_profile")
    target = _fitted(photo.size, max_side)
    if target != photo.size and photo.format in ("JPEG", "MPO"):
        photo.draft(None, target)
    photo.load()
    in_print = photo.mode == "CMYK"
    pixels = _rgb(photo, profile)
    target = _fitted(pixels.size, max_side)
    if target != pixels.size:
        pixels = pixels.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if profile and not in_print:
        pixels = _in_srgb(pixels, profile)
    pixels = pixels if turn is None else pixels.transpose(turn)
    pixels.info = {}
    return pixels


def turned_by_decoder(photo: ImageFile.ImageFile) -> bool:
    """Whether Pillow or libheif turn the photo upright themselves (its `size` is upright then)."""
    return photo.format in _TURNED_BY_DECODER


def orientation(photo: ImageFile.ImageFile) -> int:
    """The EXIF orientation to apply, 1–8; 1 where it is missing or odd, and for HEIC."""
    value = _raw_orientation(photo)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def exif(photo: ImageFile.ImageFile) -> Image.Exif:
    """The EXIF block, empty where there is none or it is broken.

    A PNG that keeps it behind its pixels would have to be decoded first: it counts as without.
    """
    if photo.format == "PNG" and "exif" not in photo.info:
        return Image.Exif()
    try:
        return photo.getexif()
    except Exception:
        return Image.Exif()


def exif_from(block: bytes) -> Image.Exif:
    """Parse an EXIF block that stands alone; empty where it is broken."""
    found = Image.Exif()
    try:
        found.load(block)
        found.get(_ORIENTATION)
    except Exception:
        return Image.Exif()
    return found


def notices(photo: ImageFile.ImageFile) -> tuple[str, ...]:
    """What was done to the photo that a person may want to know, as sentences."""
    found = []
    if _has_more_pictures(photo):
        found.append(MORE_PICTURES.get(str(photo.format), "Only its first picture is used."))
    if photo.mode in _SIXTEEN_BIT:
        found.append("Its 16-bit greys were scaled to 8 bits.")
    if _is_transparent(photo):
        found.append("Its transparent parts were laid on white.")
    if photo.mode == "CMYK":
        found.append("Its print colours were turned into screen colours.")
    if _raw_orientation(photo) not in (None, *range(1, 9)):
        found.append("Its rotation mark is invalid and was ignored.")
    return tuple(found)


MORE_PICTURES = {
    "TIFF": "Only its first page is used.",
    "HEIF": "Only its main picture is used.",
    "WEBP": "Only the first picture of its animation is used.",
    "PNG": "Only the first picture of its animation is used.",
}


def _has_more_pictures(photo: ImageFile.ImageFile) -> bool:
    """A phone's JPEG with a second, smaller picture behind the first (MPO) is an ordinary photo."""
    if photo.format == "TIFF":
        return _has_second_page(photo)
    return photo.format != "MPO" and bool(getattr(photo, "is_animated", False))


def _has_second_page(photo: ImageFile.ImageFile) -> bool:
    """Look one page ahead only: counting them walks a chain that a file can make very long."""
    try:
        photo.seek(1)
    except Exception:
        return False
    finally:
        photo.seek(0)
    return True


def _raw_orientation(photo: ImageFile.ImageFile) -> object:
    """The mark as it stands; None where there is none. HEIC rotates by its own boxes instead."""
    return None if photo.format == "HEIF" else exif(photo).get(_ORIENTATION)


def _is_transparent(photo: ImageFile.ImageFile) -> bool:
    return photo.mode in _TRANSPARENT or "transparency" in photo.info


def _fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    longest = max(size)
    if max_side is None or longest <= max_side:
        return size
    return max(1, round(size[0] * max_side / longest)), max(1, round(size[1] * max_side / longest))


def _rgb(photo: Image.Image, profile: bytes | None) -> Image.Image:
    if photo.mode in _SIXTEEN_BIT:
        return photo.convert("I").point(_TO_EIGHT_BIT, "L").convert("RGB")
    if photo.mode in _TRANSPARENT or "transparency" in photo.info:
        return _on_white(photo)
    if photo.mode == "CMYK" and profile:
        return _in_srgb(photo, profile)
    return photo.convert("RGB")


def _on_white(photo: Image.Image) -> Image.Image:
    layer = photo.convert("RGBA")
    paper = Image.new("RGB", layer.size, _WHITE)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _in_srgb(pixels: Image.Image, profile: bytes) -> Image.Image:
    """A camera's wider colours in sRGB. A profile that is broken or of another kind is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        fits = source.profile.xcolor_space.strip() == pixels.mode
        if fits and "sRGB" not in (source.profile.profile_description or ""):
            target = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(pixels, source, target, outputMode="RGB")
            return turned if turned is not None else pixels.convert("RGB")
    except Exception:
        return pixels.convert("RGB")
    return pixels.convert("RGB")
