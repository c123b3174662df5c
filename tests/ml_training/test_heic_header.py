"""HEIC headers are read without libheif, whose binding ends the process on some damaged ones."""

from __future__ import annotations

import random

import pytest

from ml_training.heic_header import read_heic_header
from tests.bad_input import pictures as make


@pytest.mark.parametrize(
    ("sample", "pictures", "has_exif"),
    [("plain", 1, False), ("rotated", 1, True), ("burst", 2, False)],
)
def test_size_pictures_and_exif_are_read(sample: str, pictures: int, has_exif: bool) -> None:
    header = read_heic_header(make.heic(sample))
    assert (header.width, header.height, header.pictures) == (96, 72, pictures)
    assert bool(header.exif) == has_exif


def test_an_item_type_that_is_no_text_is_refused() -> None:
    """This one ends a process that hands it to the binding."""
    spoilt = make.heic("rotated").replace(b"Exif\0", b"E\xff\xff\xff\0", 1)
    with pytest.raises(ValueError, match="impossible type"):
        read_heic_header(spoilt)


def test_a_missing_size_is_noticed() -> None:
    with pytest.raises(ValueError, match="without the size"):
        read_heic_header(make.heic().replace(b"ispe", b"free"))


def test_no_header_ends_in_any_other_error() -> None:
    chance, good = random.Random(7), make.heic("rotated")
    for _ in range(3000):
        spoilt = bytearray(good)
        for _ in range(chance.choice((1, 2, 8))):
            spoilt[chance.randrange(450)] = chance.randrange(256)
        try:
            read_heic_header(bytes(spoilt))
        except ValueError:
            continue


@pytest.mark.parametrize("length", [0, 1, 24, 40, 100, 300])
def test_a_cut_header_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="HEIC"):
        read_heic_header(make.heic()[:length])
