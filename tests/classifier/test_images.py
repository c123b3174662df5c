"""What the camera wrote, the images made from a photo, the evidence map, and names for people."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat
from PIL.JpegImagePlugin import JpegImageFile

from classifier.images import (
    PhotoRefused,
    PhotoUnreadable,
    display_name,
    read_capture_facts,
    write_evidence,
    write_working_images,
)
from tests.bad_input import pictures as make

MAKE, MODEL, CHANGED = 0x010F, 0x0110, 0x0132
EXIF_IFD, GPS_IFD, TAKEN = 0x8769, 0x8825, 0x9003
SEVILLE = {1: "N", 2: (37.0, 23.0, 20.4), 3: "W", 4: (5.0, 59.0, 45.6)}
IN_A_WEEK = (datetime.now() + timedelta(days=7)).strftime("%Y:%m:%d 12:00:00")


def photo_with(
    folder: Path,
    main: dict[int, object] | None = None,
    *,
    taken: object = None,
    gps: dict[int, object] | None = None,
    kind: str = "JPEG",
) -> Path:
    exif = Image.Exif()
    exif.update(main or {})
    if taken is not None:
        exif.get_ifd(EXIF_IFD)[TAKEN] = taken
    if gps is not None:
        exif.get_ifd(GPS_IFD).update(gps)
    path = folder / "original"
    path.write_bytes(make.saved(make.drawn(), kind, exif=exif))
    return path


# --- What the camera wrote ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_time_camera_and_position_are_read(kind: str, tmp_path: Path) -> None:
    main: dict[int, object] = {MAKE: "Canon", MODEL: "Canon EOS 40D"}
    path = photo_with(tmp_path, main, taken="2026:03:02 09:41:07", gps=dict(SEVILLE), kind=kind)
    facts = read_capture_facts(path)
    assert facts.taken_at == datetime(2026, 3, 2, 9, 41, 7)
    assert facts.camera == "Canon EOS 40D"
    assert facts.latitude == pytest.approx(37.389)
    assert facts.longitude == pytest.approx(-5.996)
    assert facts.notices == ()


def test_a_photo_without_exif_says_nothing(tmp_path: Path) -> None:
    facts = read_capture_facts(photo_with(tmp_path))
    assert (facts.taken_at, facts.camera, facts.latitude) == (None, "", None)
    assert facts.notices == ()


def test_the_camera_of_a_heic_is_read() -> None:
    assert read_capture_facts(make.SAMPLES / "rotated.heic").camera == "Hairline sample"


def test_maker_and_model_stand_together(tmp_path: Path) -> None:
    path = photo_with(tmp_path, {MAKE: "Fujifilm ", MODEL: "X-T5"})
    assert read_capture_facts(path).camera == "Fujifilm X-T5"


def test_the_time_of_change_stands_in_for_a_missing_time(tmp_path: Path) -> None:
    path = photo_with(tmp_path, {CHANGED: "2025:01:31 23:59:59"})
    assert read_capture_facts(path).taken_at == datetime(2025, 1, 31, 23, 59, 59)


@pytest.mark.parametrize(
    "time",
    ["0000:00:00 00:00:00", "9999:12:31 23:59:59", "2026:02:30 10:00:00", "soon", IN_A_WEEK],
    ids=["year 0", "year 9999", "30 February", "no time", "in a week"],
)
def test_an_impossible_time_is_left_out_with_a_notice(time: str, tmp_path: Path) -> None:
    facts = read_capture_facts(photo_with(tmp_path, taken=time))
    assert facts.taken_at is None
    assert facts.notices == ("The time its camera wrote cannot be right and was left out.",)


def test_an_empty_time_is_no_time(tmp_path: Path) -> None:
    facts = read_capture_facts(photo_with(tmp_path, taken=" " * 19))
    assert (facts.taken_at, facts.notices) == (None, ())


@pytest.mark.parametrize(
    "wrong",
    [{2: (95.0, 0.0, 0.0)}, {4: (180.0, 0.0, 1.0)}, {4: (1.0,) * 4}],
    ids=["beyond the pole", "beyond the date line", "four parts"],
)
def test_an_impossible_position_is_left_out_with_a_notice(
    wrong: dict[int, object], tmp_path: Path
) -> None:
    facts = read_capture_facts(photo_with(tmp_path, gps={**SEVILLE, **wrong}))
    assert (facts.latitude, facts.longitude) == (None, None)
    assert facts.notices == ("The position its camera wrote cannot be right and was left out.",)


def test_a_position_divided_by_nought_is_left_out(tmp_path: Path) -> None:
    path = photo_with(tmp_path, gps=dict(SEVILLE))
    thirty_seven = b"\0\0\0\x25\0\0\0\x01"
    assert thirty_seven in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(thirty_seven, b"\0\0\0\x25\0\0\0\0"))
    assert read_capture_facts(path).latitude is None


def test_nought_nought_is_no_position(tmp_path: Path) -> None:
    facts = read_capture_facts(photo_with(tmp_path, gps={2: (0.0,) * 3, 4: (0.0,) * 3}))
    assert (facts.latitude, facts.notices) == (None, ())


def test_camera_names_are_cleaned_and_cut(tmp_path: Path) -> None:
    path = photo_with(tmp_path, {MODEL: "X\x07\u202e" + "y" * 500})
    camera = read_capture_facts(path).camera
    assert camera.startswith("Xy") or camera.startswith("X?")
    assert len(camera) <= 120


def test_a_directory_that_points_to_itself_ends(tmp_path: Path) -> None:
    loop = b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08"
    path = tmp_path / "loop.jpg"
    path.write_bytes(make.saved(make.drawn(), "JPEG", exif=b"Exif\0\0" + loop))
    assert read_capture_facts(path).taken_at is None


@pytest.mark.parametrize(
    "junk", [b"", b"Exif\0\0" + b"\xff" * 60_000, b"Exif\0\0II*\0\xff\xff\xff"]
)
def test_junk_in_place_of_exif_says_nothing(junk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.jpg"
    path.write_bytes(make.saved(make.drawn(), "JPEG", exif=junk))
    assert read_capture_facts(path).camera == ""


def test_real_photos_with_odd_exif_give_plausible_facts(shared_data: Path) -> None:
    samples = sorted((shared_data / "exif_samples").rglob("*.jpg"))
    if not samples:
        pytest.skip(f"No exif_samples in {shared_data}.")
    facts = [read_capture_facts(path) for path in samples if "E500" not in path.name]
    assert sum(fact.taken_at is not None for fact in facts) > len(facts) / 2
    assert sum(fact.latitude is not None for fact in facts) >= 5
    assert all(len(fact.camera) <= 120 for fact in facts)


# --- Images made from a photo ---------------------------------------------------------------------


def test_a_large_photo_gets_a_working_image_and_a_thumbnail(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 4000), (120, 118, 110)).save(tmp_path / "original", "JPEG")
    sizes = write_working_images(tmp_path / "original", tmp_path / "derived")
    assert (sizes.width, sizes.height) == (3000, 4000)
    assert (sizes.working_width, sizes.working_height) == (1500, 2000)
    with Image.open(tmp_path / "derived" / "thumbnail.jpg") as thumbnail:
        assert thumbnail.size == (360, 480)


def test_a_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    sizes = write_working_images(photo_with(tmp_path), tmp_path)
    assert (sizes.working_width, sizes.working_height) == make.drawn().size


def test_derived_images_are_upright_and_carry_no_metadata(tmp_path: Path) -> None:
    path = photo_with(tmp_path, {0x0112: 6, MODEL: "Secret"}, gps=dict(SEVILLE))
    write_working_images(path, tmp_path)
    for name in ("working.jpg", "thumbnail.jpg"):
        data = (tmp_path / name).read_bytes()
        assert not any(mark in data for mark in (b"Exif", b"ICC_PROFILE", b"Secret", b"xap"))
        with Image.open(tmp_path / name) as image:
            assert image.size == (192, 256)


def test_the_working_image_keeps_full_colour_resolution(tmp_path: Path) -> None:
    write_working_images(photo_with(tmp_path, kind="PNG"), tmp_path)
    with Image.open(tmp_path / "working.jpg") as working:
        assert isinstance(working, JpegImageFile)
        assert [layer[1:3] for layer in working.layer] == [(1, 1)] * 3
        assert max(ImageStat.Stat(ImageChops.difference(working, make.drawn())).mean) < 4


def test_a_wide_colour_space_is_brought_to_srgb(tmp_path: Path) -> None:
    linear = ImageCms.createProfile("XYZ")
    profile = ImageCms.ImageCmsProfile(linear).tobytes()
    make.drawn().save(tmp_path / "original", "PNG", icc_profile=profile)
    assert write_working_images(tmp_path / "original", tmp_path).working_width == 256


def test_nothing_but_the_two_images_is_left_behind(tmp_path: Path) -> None:
    write_working_images(photo_with(tmp_path), tmp_path / "derived")
    names = {path.name for path in (tmp_path / "derived").iterdir()}
    assert names == {"working.jpg", "thumbnail.jpg"}


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    original = photo_with(tmp_path)
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        write_working_images(original, tmp_path / "derived")
    assert list((tmp_path / "derived").iterdir()) == []


def test_a_damaged_photo_gives_no_images(tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(make.jpeg()[:9000])
    with pytest.raises(PhotoUnreadable):
        write_working_images(tmp_path / "original", tmp_path / "derived")
    assert not (tmp_path / "derived").exists()


def test_a_picture_of_another_type_gives_no_facts(tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(make.saved(make.drawn(), "GIF"))
    with pytest.raises(PhotoRefused):
        read_capture_facts(tmp_path / "original")


# --- The evidence map -----------------------------------------------------------------------------


def overlay_of(cells: bytes, width: int, height: int, folder: Path) -> Image.Image:
    write_evidence(cells, width, height, folder=folder, stem="evidence-3")
    with Image.open(folder / "evidence-3-overlay.png") as overlay:
        return overlay.convert("RGBA")


def test_the_map_itself_is_kept_cell_by_cell(tmp_path: Path) -> None:
    cells = bytes(range(12))
    overlay_of(cells, 4, 3, tmp_path)
    with Image.open(tmp_path / "evidence-3.png") as grey:
        assert (grey.mode, grey.size, grey.tobytes()) == ("L", (4, 3), cells)


def test_a_cell_lies_over_its_own_part_of_the_photo(tmp_path: Path) -> None:
    cells = bytearray(16 * 8)
    cells[2 * 16 + 5] = 255
    alpha = overlay_of(bytes(cells), 16, 8, tmp_path).getchannel("A")
    each = alpha.width // 16
    assert alpha.size == (16 * each, 8 * each)
    strongest = alpha.getextrema()[1]
    peak = alpha.point(lambda value: 255 * (value == strongest)).getbbox()
    assert peak is not None
    assert 5 * each <= peak[0] < peak[2] <= 6 * each
    assert 2 * each <= peak[1] < peak[3] <= 3 * each


def test_no_evidence_is_transparent_and_strong_evidence_is_warm(tmp_path: Path) -> None:
    overlay = overlay_of(bytes([0, 10, 128, 255]), 2, 2, tmp_path)
    corners = [overlay.getpixel((x, y)) for y in (0, -1) for x in (0, -1)]
    (_, _, _, none), (_, _, _, faint), _, (red, green, blue, strong) = corners  # type: ignore[misc]  # RGBA
    assert (none, faint) == (0, 0)
    assert strong > 200
    assert red > green > blue


def test_alpha_rises_with_evidence(tmp_path: Path) -> None:
    alpha = overlay_of(bytes(range(256)), 256, 1, tmp_path).getchannel("A").resize((256, 1))
    values = list(alpha.tobytes())
    assert values == sorted(values)


def test_a_map_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"4x3 cells wants 12 bytes. Received: 5"):
        write_evidence(b"12345", 4, 3, folder=tmp_path, stem="evidence-1")


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["IMG_0001.JPG", "Brücke Süd 4.jpeg", "北桥 12.heic", ".profile"])
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert display_name(name) == name


@pytest.mark.parametrize("raw", ["", ".", "..", "/", "\u200b", "\0", "  .  "])
def test_a_name_of_nothing_is_photo(raw: str) -> None:
    assert display_name(raw) == "photo"


def test_a_long_name_keeps_its_ending() -> None:
    name = display_name("é" * 4000 + ".jpeg")
    assert name.endswith("é.jpeg")
    assert len(name.encode()) <= 255


def test_a_name_that_is_all_ending_is_cut() -> None:
    assert len(display_name("." + "x" * 400).encode()) <= 255
