"""The decoder and the display name give every row of the corpus its answer."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import ImageChops, ImageFile, ImageStat

from classifier.images import display_name
from ml_training.contracts import PhotoRefused, PhotoUnreadable
from ml_training.photos import inspect, open_upright
from tests.bad_input import fuzz, peaks
from tests.bad_input.corpus import NAMES, ROWS, BadInput
from tests.bad_input.pictures import drawn, jpeg

FILES = [row for row in ROWS if row not in NAMES]
REFUSED = [row for row in FILES if isinstance(row.expected, int) and row.expected != 400]
UNREADABLE = [row for row in FILES if row.expected == "unreadable"]
ACCEPTED = [row for row in FILES if row.expected == "accepted"]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jpg"
    path.write_bytes(jpeg())
    return path


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_a_file_that_will_not_do_is_refused_with_a_sentence(row: BadInput) -> None:
    data = io.BytesIO(row.build())
    with pytest.raises(PhotoRefused) as refusal:
        inspect(data, name=row.filename)
    assert refusal.value.http_status == row.expected
    assert refusal.value.sentence.startswith(row.filename)
    assert row.says in refusal.value.sentence
    assert refusal.value.sentence.endswith(".")


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_a_refusal_decodes_no_pixel(row: BadInput, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO(row.build())
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("It was decoded."))
    with pytest.raises(PhotoRefused):
        inspect(data, name=row.filename)


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_the_decoder_refuses_what_inspection_refuses(
    row: BadInput, tmp_path: Path, good: Path
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(row.build())
    with pytest.raises(PhotoRefused):
        open_upright(path)
    assert open_upright(good).size == drawn().size


@pytest.mark.parametrize("row", UNREADABLE, ids=str)
def test_damaged_pixels_are_found_when_decoding(row: BadInput, tmp_path: Path, good: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(row.build())
    inspect(path, name=row.filename)
    with pytest.raises(PhotoUnreadable) as found:
        open_upright(path, max_side=2048)
    assert row.says in found.value.sentence
    assert open_upright(good).size == drawn().size


@pytest.mark.parametrize("row", ACCEPTED, ids=str)
def test_an_odd_but_good_photo_is_read(row: BadInput, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(row.build())
    facts = inspect(path, name=row.filename)
    photo = open_upright(path)
    assert (photo.mode, photo.size) == ("RGB", (facts.width, facts.height))
    assert row.notice in "".join(facts.notices)


@pytest.mark.parametrize("row", [row for row in ACCEPTED if row.looks_like], ids=str)
def test_an_odd_photo_looks_as_it_should(row: BadInput, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(row.build())
    assert row.looks_like is not None
    seen, wanted = open_upright(path), row.looks_like()
    assert seen.size == wanted.size
    difference = max(ImageStat.Stat(ImageChops.difference(seen, wanted)).mean)
    assert difference <= row.tolerance


def test_crash_like_files_are_read_or_told_as_bad_and_end_no_process(tmp_path: Path) -> None:
    """B095: each in a process of its own, within 5 s and 1 GB."""
    outcomes, seen = Counter[str](), set[str]()
    for row in ROWS:
        if row.expected == "any":
            path = tmp_path / row.id
            path.write_bytes(row.build())
            seen.add(hashlib.sha256(path.read_bytes()).hexdigest())
            outcome, _ = fuzz.in_a_process_of_its_own(path)
            outcomes[outcome] += 1
            assert outcome in fuzz.ALLOWED, f"{row.id}, {row.what}: {outcome}"
    assert len(seen) == 50
    assert min(outcomes[outcome] for outcome in fuzz.ALLOWED) >= 5, "they try too little"


def test_no_file_takes_more_than_500_mb_to_be_read_nor_hangs(tmp_path: Path) -> None:
    for row in FILES:
        (tmp_path / row.id).write_bytes(row.build())
    found = peaks.of_files(tmp_path)
    assert set(found) == {row.id for row in FILES}
    wrong = {
        name: (outcome, grown)
        for name, (outcome, grown) in found.items()
        if outcome not in fuzz.ALLOWED or grown > 500_000_000
    }
    assert not wrong
    assert found["B057"][1] > 48_000_000, "48 megapixels in less: nothing was measured"


@pytest.mark.parametrize("row", [row for row in NAMES if row.expected == "accepted"], ids=str)
def test_a_name_is_shown_safely(row: BadInput) -> None:
    assert display_name(row.filename) == row.shown


# Rows about requests, names on the wire and connections, and where they are tested.
ELSEWHERE = {
    "test_requests.py": (94, 111, *range(121, 128)),
    "test_uploads.py": (119, 120),
    "../faults/test_uploads.py": (91, 92),
}


def test_every_row_of_the_table_is_tested() -> None:
    tested = {int(row.id[1:4]) for row in ROWS}
    for file, numbers in ELSEWHERE.items():
        text = (Path(__file__).parent / file).read_text(encoding="utf-8").lower()
        tested |= {number for number in numbers if f"b{number:03}" in text}
    assert tested == set(range(1, 129))


def test_every_row_has_its_own_name() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
