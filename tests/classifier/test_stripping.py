import io
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps, ImageSequence, TiffImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from classifier.stripping import without_metadata
from ml_training.photos import read_exif
from ml_training.synthetic import draw_photo

SAMPLES = Path(__file__).parent.parent / "bad_input/samples"
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Model] = "SecretCam"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (37.0, 23.0, 1.5)
    return exif


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""Made once: it holds the second of its making."""


def photo_of(kind: str, orientation: int = 1, **options: object) -> bytes:
    drawn = draw_photo(seed=3, cracked=True, width=320, height=200).image
    file = io.BytesIO()
    drawn.save(file, kind, exif=exif_of(orientation), icc_profile=PROFILE, **options)
    return file.getvalue()


def opened(photo: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(photo))
    image.load()
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", FORMATS)
def test_no_pixel_changes_and_the_photo_stays_upright(kind: str, orientation: int) -> None:
    photo = photo_of(kind, orientation)
    plain = without_metadata(photo, FORMATS[kind], orientation=orientation)
    before, after = opened(photo), opened(plain)
    assert before.tobytes() == after.tobytes()
    assert ImageOps.exif_transpose(before).tobytes() == ImageOps.exif_transpose(after).tobytes()


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_stays_of_camera_and_place(kind: str, orientation: int) -> None:
    photo = photo_of(kind, orientation, xmp=b"<x>SecretName</x>")
    assert b"Secret" in photo
    plain = without_metadata(photo, FORMATS[kind], orientation=orientation)
    assert b"Secret" not in plain
    kept = opened(plain).getexif()
    assert dict(kept) == ({Base.Orientation: orientation} if orientation != 1 else {})
    assert opened(plain).info["icc_profile"] == opened(photo).info["icc_profile"]


def test_a_progressive_photo_keeps_all_its_scans() -> None:
    photo = photo_of("JPEG", progressive=True, comment="Secret")
    plain = without_metadata(photo, "image/jpeg", orientation=1)
    assert opened(plain).tobytes() == opened(photo).tobytes()


def test_what_hangs_behind_the_picture_goes() -> None:
    """The second picture of a phone's photo has an EXIF block of its own."""
    plain = without_metadata(photo_of("JPEG") * 2, "image/jpeg", orientation=1)
    assert plain == without_metadata(photo_of("JPEG"), "image/jpeg", orientation=1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_that_breaks_off_is_refused(kind: str) -> None:
    photo = photo_of(kind)
    for length in (40, len(photo) // 2):
        with pytest.raises(ValueError, match="photo"):
            without_metadata(photo[:length], FORMATS[kind], orientation=1)


def heic(name: str) -> bytes:
    return (SAMPLES / f"{name}.heic").read_bytes()


@pytest.mark.parametrize("name", ["plain", "rotated", "burst"])
def test_a_heic_keeps_its_pixels_and_its_turn_and_loses_its_texts(
    tmp_path: Path, name: str
) -> None:
    photo = heic(name)
    plain = tmp_path / "plain.heic"
    plain.write_bytes(without_metadata(photo, "image/heic", orientation=1))
    before, after = opened(photo), opened(plain.read_bytes())
    assert before.size == after.size
    assert before.tobytes() == after.tobytes()
    assert not read_exif(plain)
    assert b"Hairline" not in plain.read_bytes()


def test_a_heic_with_a_film_is_refused() -> None:
    film = heic("plain") + struct.pack(">I", 8) + b"moov"
    with pytest.raises(ValueError, match="film"):
        without_metadata(film, "image/heic", orientation=1)


TIFFS: dict[str, dict[str, object]] = {
    "plain": {},
    "LZW": {"compression": "tiff_lzw"},
    "deflate": {"compression": "tiff_adobe_deflate"},
    "JPEG": {"compression": "jpeg"},
    "BigTIFF": {"big_tiff": True},
}


def tiff_of(orientation: int, **options: object) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = b"<x>SecretName</x>"
    tags[Base.Artist] = "Secret Artist"
    tags[Base.Orientation] = orientation
    return photo_of("TIFF", orientation, tiffinfo=tags, **options)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", TIFFS)
def test_a_tiff_keeps_its_pixels_and_loses_its_texts(kind: str, orientation: int) -> None:
    photo = tiff_of(orientation, **TIFFS[kind])
    assert b"Secret" in photo
    plain = without_metadata(photo, "image/tiff", orientation=orientation)
    assert b"Secret" not in plain
    before, after = opened(photo), opened(plain)
    assert before.tobytes() == after.tobytes()
    assert after.info["icc_profile"] == PROFILE
    assert not after.getexif().get_ifd(IFD.GPSInfo)


def test_a_tiff_of_pages_keeps_all_of_them() -> None:
    pages = [Image.new("L", (40, 30), shade) for shade in (10, 90, 200)]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:], software="Secret")
    plain = without_metadata(file.getvalue(), "image/tiff", orientation=1)
    after = Image.open(io.BytesIO(plain))
    assert [page.tobytes() for page in ImageSequence.all_frames(after)] == [
        page.tobytes() for page in pages
    ]
    assert b"Secret" not in plain


@pytest.mark.parametrize("kind", ["image/heic", "image/tiff", "image/gif"])
def test_what_cannot_be_followed_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        without_metadata(b"II*\0\xff\xff\xff\x7f" + bytes(40), kind, orientation=1)


@pytest.mark.parametrize("kind", ["image/heic", "image/tiff"])
def test_a_cut_photo_is_stripped_or_refused_and_nothing_else(kind: str) -> None:
    photo = heic("rotated") if kind == "image/heic" else tiff_of(6)
    for length in range(0, len(photo), max(1, len(photo) // 60)):
        with suppress(ValueError):
            assert len(without_metadata(photo[:length], kind, orientation=1)) == length
