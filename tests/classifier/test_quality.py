from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from classifier import classification, quality
from classifier.quality import Quality
from ml_training.synthetic import draw_photo
from tests.factories import active_version, make_photo, make_photo_set

GOOD = Quality(sharpness=0.7, dark_share=0.01, bright_share=0.0)


@pytest.fixture(scope="module")
def concrete() -> Image.Image:
    return draw_photo(seed=3, cracked=True, width=800, height=600).image


def measured(image: Image.Image, folder: Path) -> Quality:
    image.save(folder / "photo.png")
    return quality.measure(folder / "photo.png")


def words(found: Quality, *, longest_side: int = 4000) -> list[str]:
    return [warning.word for warning in quality.warnings(found, longest_side=longest_side)]


def test_a_good_photo_has_no_warning(concrete: Image.Image, tmp_path: Path) -> None:
    assert words(measured(concrete, tmp_path)) == []


def test_a_blurred_photo_says_so(concrete: Image.Image, tmp_path: Path) -> None:
    blurred = concrete.filter(ImageFilter.GaussianBlur(6))
    assert words(measured(blurred, tmp_path)) == ["Blurred"]


def test_contrast_alone_does_not_change_sharpness(concrete: Image.Image, tmp_path: Path) -> None:
    faint = concrete.point([round(128 + (level - 128) * 0.5) for level in range(256)] * 3)
    before = measured(concrete, tmp_path).sharpness
    assert measured(faint, tmp_path).sharpness == pytest.approx(before, abs=0.08)


def test_a_black_and_a_white_photo_say_so(tmp_path: Path) -> None:
    for level, word in ((5, "Too dark"), (255, "Overexposed")):
        photo = Image.new("RGB", (64, 64), (level,) * 3)
        assert word in words(measured(photo, tmp_path))


def test_a_small_photo_says_how_small() -> None:
    (warning,) = quality.warnings(GOOD, longest_side=640)
    assert warning.sentence.startswith("The photo is only 640 pixels long")


def test_a_tenth_of_a_millimetre_per_pixel_shows_cracks_of_three_tenths() -> None:
    assert quality.finest_crack(0.1) == pytest.approx(0.3)


@pytest.mark.django_db
def test_a_photo_is_measured_when_it_is_classified() -> None:
    active_version()
    photo = make_photo(make_photo_set())
    assert photo.warnings == []
    classification.classify(photo.pk, claimant="test")
    photo.refresh_from_db()
    assert photo.sharpness is not None
    assert "Small" in [warning.word for warning in photo.warnings]


def test_real_photos_are_told_from_blurred_ones(shared_data: Path, tmp_path: Path) -> None:
    paths = sorted((shared_data / "crosssite" / "concrete").glob("*.jpg"))[::25][:20]
    photos = [Image.open(path).convert("RGB") for path in paths]
    sharp = [measured(photo, tmp_path).sharpness for photo in photos]
    blurred = [
        measured(photo.filter(ImageFilter.GaussianBlur(5)), tmp_path).sharpness for photo in photos
    ]
    assert len(photos) == 20
    assert min(sharp) > quality.SHARP_FROM
    assert sum(value < quality.SHARP_FROM for value in blurred) >= 17
