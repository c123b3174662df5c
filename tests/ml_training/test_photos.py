"""Unusual but legitimate photos come out right: upright, 8-bit, in sRGB, on white."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageStat
from PIL.JpegImagePlugin import JpegImageFile

from ml_training.contracts import PhotoRefused, PhotoUnreadable
from ml_training.photo_refusals import check_size
from ml_training.photos import LIMITS, inspect, open_upright, read_exif
from tests.bad_input import pictures as make
from tests.bad_input.marked import turned


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return tmp_path / "photo"


def difference(one: Image.Image, other: Image.Image) -> float:
    """The largest mean difference of a channel, 0–255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_every_orientation_gives_the_same_upright_pixels(
    orientation: int, kind: str, stored: Path
) -> None:
    stored.write_bytes(turned(orientation, kind))
    facts = inspect(stored, name="photo")
    assert (facts.width, facts.height, facts.orientation) == (256, 192, orientation)
    assert open_upright(stored).tobytes() == make.drawn().tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_a_jpeg_is_upright(orientation: int, stored: Path) -> None:
    stored.write_bytes(turned(orientation, "JPEG"))
    assert inspect(stored, name="photo").width == 256
    assert difference(open_upright(stored), make.drawn()) < 8
    assert open_upright(stored, max_side=128).size == (128, 96)


@pytest.mark.parametrize("orientation", [0, 9, 99, 65_535])
def test_an_invalid_orientation_counts_as_upright(orientation: int, stored: Path) -> None:
    stored.write_bytes(turned(orientation, "PNG"))
    facts = inspect(stored, name="photo")
    assert facts.orientation == 1
    assert facts.notices == ("Its rotation mark is invalid and was ignored.",)
    assert open_upright(stored).tobytes() == make.drawn().tobytes()


def test_a_heic_that_lies_on_its_side_is_rotated_once(stored: Path) -> None:
    stored.write_bytes(make.heic("rotated"))
    facts = inspect(stored, name="photo")
    assert (facts.media_type, facts.width, facts.height) == ("image/heic", 96, 72)
    same_place_upright = open_upright(make.SAMPLES / "plain.heic")
    assert difference(open_upright(stored), same_place_upright) < 4


def test_the_main_picture_of_a_heic_burst_is_used(stored: Path) -> None:
    stored.write_bytes(make.heic("burst"))
    assert inspect(stored, name="photo").notices == ("Only its main picture is used.",)
    assert open_upright(stored).size == (96, 72)


def test_sixteen_bit_grey_is_scaled_and_never_white(stored: Path) -> None:
    stored.write_bytes(make.grey16_png())
    photo = open_upright(stored)
    assert [photo.getpixel((x, 5)) for x in (0, 128, 255)] == [(0,) * 3, (128,) * 3, (255,) * 3]
    assert inspect(stored, name="photo").notices == ("Its 16-bit greys were scaled to 8 bits.",)


@pytest.mark.parametrize("byte_order", ["I;16", "I;16B"])
def test_sixteen_bit_grey_tiff_is_scaled(byte_order: str, stored: Path) -> None:
    word = (25_700).to_bytes(2, "little" if byte_order == "I;16" else "big")
    Image.frombytes(byte_order, (80, 80), word * 6400).save(stored, "TIFF")
    assert open_upright(stored).getpixel((40, 40)) == (100, 100, 100)


def test_sixteen_bit_colour_png_is_read(stored: Path) -> None:
    row = b"\0" + b"\x80\x00\x40\x00\x20\x00" * 80
    header = make.chunk(b"IHDR", bytes((0, 0, 0, 80, 0, 0, 0, 80, 16, 2, 0, 0, 0)))
    pixels = make.chunk(b"IDAT", zlib.compress(row * 80))
    stored.write_bytes(make.PNG_SIGNATURE + header + pixels + make.chunk(b"IEND", b""))
    assert open_upright(stored).getpixel((9, 9)) == (128, 64, 32)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_a_tiff_of_measured_values_is_refused(mode: str, stored: Path) -> None:
    Image.new(mode, (80, 80)).save(stored, "TIFF")
    with pytest.raises(PhotoRefused, match="measured values") as refusal:
        inspect(stored, name="depth.tif")
    assert refusal.value.http_status == 422


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str, stored: Path) -> None:
    Image.new(mode, (80, 80), 0).save(stored, "PNG")
    assert open_upright(stored).getpixel((40, 40)) == (255, 255, 255)
    assert "laid on white" in inspect(stored, name="photo").notices[0]


def test_colours_under_full_transparency_do_not_leak(stored: Path) -> None:
    Image.new("RGBA", (80, 80), (255, 0, 0, 0)).save(stored, "PNG")
    assert open_upright(stored).getpixel((40, 40)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_is_laid_on_white(mode: str, stored: Path) -> None:
    key: int | tuple[int, int, int] = (0, 0, 0) if mode == "RGB" else 0
    Image.new(mode, (80, 80), 0).save(stored, "PNG", transparency=key)
    assert open_upright(stored).getpixel((40, 40)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "CMYK", "YCbCr"])
def test_other_colour_systems_become_rgb(mode: str, stored: Path) -> None:
    make.drawn().convert(mode).save(stored, "TIFF")
    photo = open_upright(stored)
    assert (photo.mode, photo.size) == ("RGB", (256, 192))


def test_a_cmyk_jpeg_keeps_its_brightness(stored: Path) -> None:
    make.drawn().convert("CMYK").save(stored, "JPEG", quality=95)
    assert difference(open_upright(stored), make.drawn()) < 6
    assert "print colours" in inspect(stored, name="photo").notices[0]


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "PNG"])
def test_the_first_page_or_picture_is_used_with_a_notice(kind: str, stored: Path) -> None:
    first, rest = Image.new("RGB", (80, 80), (200, 10, 10)), Image.new("RGB", (80, 80), (0, 0, 90))
    first.save(stored, kind, save_all=True, append_images=[rest] * 9)
    assert inspect(stored, name="photo").notices[0].startswith("Only ")
    pixel = open_upright(stored).getpixel((40, 40))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 180


@pytest.mark.parametrize("tag", [{50706: b"\1\4\0\0"}, {254: 1, 330: 8}], ids=["DNG", "NEF"])
def test_a_raw_file_that_looks_like_a_tiff_is_refused(tag: dict[int, object], stored: Path) -> None:
    make.drawn().save(stored, "TIFF", tiffinfo=tag)
    with pytest.raises(PhotoRefused, match=r"a camera raw file.*as JPEG") as refusal:
        inspect(stored, name="DSC_1.nef")
    assert refusal.value.http_status == 415


def test_max_side_shrinks_and_never_enlarges(stored: Path) -> None:
    make.drawn().save(stored, "JPEG")
    assert open_upright(stored, max_side=100).size == (100, 75)
    assert open_upright(stored, max_side=1000).size == (256, 192)


def test_a_large_jpeg_is_decoded_small_at_once(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (6400, 4800), 90).save(stored, "JPEG", quality=60)
    decoded: list[tuple[int, int]] = []
    load = JpegImageFile.load

    def watched(photo: JpegImageFile) -> object:
        decoded.append(photo.size)
        return load(photo)

    monkeypatch.setattr(JpegImageFile, "load", watched)
    assert open_upright(stored, max_side=800).size == (800, 600)
    assert decoded[0] == (800, 600), "The decoder itself leaves seven of eight lines out."


def test_a_junk_colour_profile_is_ignored(stored: Path) -> None:
    stored.write_bytes(make.saved(make.drawn(), "PNG", icc_profile=b"junk" * 15_000))
    assert open_upright(stored).tobytes() == make.drawn().tobytes()


def test_a_profile_of_another_colour_space_is_ignored(stored: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    stored.write_bytes(make.saved(make.drawn(), "PNG", icc_profile=profile))
    assert open_upright(stored).tobytes() == make.drawn().tobytes()


def test_the_result_carries_no_metadata(stored: Path) -> None:
    stored.write_bytes(turned(6, "JPEG"))
    photo = open_upright(stored)
    assert photo.info == {}
    assert not dict(photo.getexif())


def test_a_stream_is_left_at_its_start_and_open() -> None:
    stream = io.BytesIO(make.jpeg())
    inspect(stream, name="photo.jpg")
    assert stream.tell() == 0
    assert stream.read(2) == b"\xff\xd8"


def test_inspecting_decodes_no_pixel(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (800, 600), 120).save(stored, "PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("It was decoded."))
    assert inspect(stored, name="photo.png").width == 800


def test_a_missing_file_is_unreadable(stored: Path) -> None:
    for ask in (lambda: inspect(stored, name="gone.jpg"), lambda: open_upright(stored)):
        with pytest.raises(PhotoUnreadable, match="could not be read from storage"):
            ask()


def test_running_out_of_memory_is_said(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Image.Image:
        raise MemoryError

    stored.write_bytes(make.jpeg())
    monkeypatch.setattr("ml_training.photo_pixels.upright", full)
    with pytest.raises(PhotoUnreadable, match="more memory") as found:
        open_upright(stored)
    assert found.value.code == "memory"


def test_a_cut_photo_is_unreadable_also_where_another_library_forgives_it(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = make.saved(make.drawn(), "JPEG")
    stored.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhotoUnreadable):
        open_upright(stored)


def test_exif_that_cannot_be_read_is_empty(stored: Path) -> None:
    stored.write_bytes(make.saved(make.drawn(), "JPEG", exif=b"Exif\0\0" + b"junk" * 900))
    assert dict(read_exif(stored)) == {}
    assert inspect(stored, name="photo").orientation == 1


def test_the_limits_are_those_of_the_product() -> None:
    assert (LIMITS.max_bytes, LIMITS.max_pixels) == (40_000_000, 50_000_000)
    assert (LIMITS.min_side, LIMITS.max_aspect) == (64, 20)


def test_a_photo_just_above_the_limit_is_told_apart_from_it() -> None:
    with pytest.raises(PhotoRefused, match=r"has 50\.4 megapixels. A photo may have up to 50 "):
        check_size(8192, 6144, "photo.jpg")


def test_decoding_loads_neither_keras_nor_numpy() -> None:
    code = """
import sys, ml_training.photos
print(sorted({'keras', 'numpy', 'tensorflow'} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_real_photos_with_odd_exif_are_read(shared_data: Path) -> None:
    samples = sorted((shared_data / "exif_samples").rglob("*.jpg"))
    if not samples:
        pytest.skip(f"No exif_samples in {shared_data}.")
    too_small = {"Fujifilm_FinePix_E500.jpg"}  # 59 pixels wide
    for sample in (sample for sample in samples if sample.name not in too_small):
        facts = inspect(sample, name=sample.name)
        photo = open_upright(sample, max_side=320)
        assert photo.mode == "RGB"
        assert (photo.width < photo.height) == (facts.width < facts.height), sample.name


def test_real_photos_of_all_orientations_look_alike(shared_data: Path) -> None:
    folder = shared_data / "exif_samples" / "orientation"
    if not folder.is_dir():
        pytest.skip(f"No exif_samples/orientation in {shared_data}.")
    for shape in ("landscape", "portrait"):
        photos = [open_upright(folder / f"{shape}_{n}.jpg", max_side=200) for n in range(1, 9)]
        assert len({photo.size for photo in photos}) == 1
        assert max(difference(photo, photos[0]) for photo in photos) < 6
