import io
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.ExifTags import GPS, IFD, Base

from classifier.stripping import without_metadata
from ml_training.synthetic import draw_photo

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


def test_a_format_that_cannot_be_stripped_is_refused() -> None:
    heic = Path(__file__).parent.parent / "bad_input/samples/plain.heic"
    with pytest.raises(ValueError, match="image/heic"):
        without_metadata(heic.read_bytes(), "image/heic", orientation=1)
