from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_training.caching import cache_photos, decode
from ml_training.contracts import DatasetError
from ml_training.dataset import Example, Split, read_examples, refuse_leaks, split_by_group
from tests.ml_training.conftest import draw_wall


def examples(count: int = 60) -> list[Example]:
    return [
        Example(
            Path(f"{i}.jpg"),
            i % 2 == 0,
            "crack",
            f"group-{i // 3}",
            f"source-{i % 2}",
            "train",
            None,
        )
        for i in range(count)
    ]


def write_index(folder: Path, rows: str) -> Path:
    (folder / "index.csv").write_text(f"path,label,group,source,role\n{rows}", encoding="utf-8")
    return folder


def test_the_same_seed_gives_the_same_split() -> None:
    first = split_by_group(examples(), held_out_share=0.3, seed=5)
    assert first == split_by_group(examples(), held_out_share=0.3, seed=5)
    assert first != split_by_group(examples(), held_out_share=0.3, seed=6)


def test_no_group_stands_in_two_splits() -> None:
    split = split_by_group(examples(), held_out_share=0.3, seed=5)
    assert split.train
    assert split.held_out
    assert not {e.group for e in split.train} & {e.group for e in split.held_out}


def test_a_new_group_does_not_move_the_others() -> None:
    before = split_by_group(examples(60), held_out_share=0.3, seed=5)
    after = split_by_group(examples(90), held_out_share=0.3, seed=5)
    assert set(before.held_out) <= set(after.held_out)


def test_a_held_out_source_takes_its_whole_groups_along() -> None:
    split = split_by_group(examples(), held_out_share=0.0, seed=5, held_out_sources=["source-1"])
    assert not {e.group for e in split.train} & {e.group for e in split.held_out}


def test_a_leak_between_splits_is_refused() -> None:
    one, other = examples(2)
    with pytest.raises(DatasetError, match="one split only"):
        refuse_leaks(Split((one,), (other,)))


def test_an_index_is_read_with_its_masks(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    Image.new("1", (64, 64)).save(tmp_path / "masks" / "7.png")
    place = write_index(tmp_path, "images/7.jpg,crack,g,s,train\nimages/8.jpg,clear,g,s,dev\n")
    one, other = read_examples(place)
    assert (one.cracked, one.mask) == (True, tmp_path / "masks" / "7.png")
    assert (other.cracked, other.mask, other.role) == (False, None, "dev")


def test_folders_named_positive_and_negative_are_read(tmp_path: Path) -> None:
    for name in ("Positive", "Negative"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (64, 64)).save(tmp_path / name / "1.jpg")
    assert [e.cracked for e in read_examples(tmp_path)] == [False, True]


def write_pairs(folder: Path) -> Path:
    for name, grey in (("1", 0), ("2", 255)):
        for kind, mode in (("images", "RGB"), ("masks", "L")):
            (folder / kind).mkdir(exist_ok=True)
            Image.new(mode, (64, 64), grey if mode == "L" else 0).save(
                folder / kind / f"{name}.png"
            )
    return folder


def test_a_photo_of_a_pair_is_cracked_where_its_mask_is_not_black(tmp_path: Path) -> None:
    clear, cracked = read_examples(write_pairs(tmp_path))
    assert (clear.cracked, clear.mask) == (False, None)
    assert (cracked.cracked, cracked.mask) == (True, tmp_path / "masks" / "2.png")


def test_a_photo_of_a_pair_without_its_mask_is_named(tmp_path: Path) -> None:
    (write_pairs(tmp_path) / "masks" / "2.png").unlink()
    with pytest.raises(DatasetError, match=r"2\.png has no mask"):
        read_examples(tmp_path)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [("a.jpg,maybe,g,s,train\n", "Unknown label 'maybe'"), ("", "lists no photo")],
)
def test_an_unusable_index_is_named(tmp_path: Path, rows: str, sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        read_examples(write_index(tmp_path, rows))


def test_an_index_without_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("path,label\na.jpg,crack\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="missing: \\['group', 'role', 'source'\\]"):
        read_examples(tmp_path)


def test_an_index_of_the_working_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_index(tmp_path, "a.jpg,crack,g,s,train\n")
    monkeypatch.chdir(tmp_path)
    assert [e.path for e in read_examples(Path("index.csv"))] == [Path("a.jpg")]


def test_an_index_with_a_short_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Line 3 of index\.csv has too few cells"):
        read_examples(write_index(tmp_path, "a.jpg,crack,g,s,train\nb.jpg,crack,g,s\n"))


@pytest.mark.parametrize("content", ["pfad,ä\n".encode("latin-1"), b"\xff\xd8\xff\xe0 a photo"])
def test_a_file_that_is_no_index_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"photo\.jpg is no table in UTF-8"):
        read_examples(tmp_path / "photo.jpg")


def test_an_index_saved_with_a_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    place = write_index(tmp_path, "a.jpg,crack,g,s,train\n")
    text = (place / "index.csv").read_text(encoding="utf-8")
    (place / "index.csv").write_text(text, encoding="utf-8-sig")
    assert [e.path.name for e in read_examples(place)] == ["a.jpg"]


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    (write_pairs(tmp_path) / "masks" / "2.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"masks/2\.png cannot be read"):
        read_examples(tmp_path)


def test_a_mask_of_zeros_and_ones_says_the_same_to_reading_and_learning(tmp_path: Path) -> None:
    mask = Image.new("L", (64, 64))
    mask.paste(1, (0, 0, 32, 64))
    mask.save(write_pairs(tmp_path) / "masks" / "2.png")
    cracked = read_examples(tmp_path)[1]
    white = decode(cracked, max_side=1024)[1]
    assert cracked.cracked
    assert white is not None
    assert white[:, :32].all()
    assert not white[:, 32:].any()


def test_masks_stand_in_the_same_sub_folders_as_their_photos(tmp_path: Path) -> None:
    write_pairs(tmp_path)
    for kind in ("images", "masks"):
        (tmp_path / kind / "sub").mkdir()
        (tmp_path / kind / "2.png").rename(tmp_path / kind / "sub" / "1.png")
    one, other = read_examples(tmp_path)
    assert (one.cracked, other.mask) == (False, tmp_path / "masks" / "sub" / "1.png")
    assert (one.group, other.group) == ("images/1.png", "images/sub/1.png")


def write_classes(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir()
        Image.new("RGB", (64, 64)).save(root / name / "1.jpg")
    return root


def test_photos_of_two_folders_are_two_groups(tmp_path: Path) -> None:
    groups = [e.group for e in read_examples(write_classes(tmp_path, "Positive", "Negative"))]
    assert groups == ["Negative/1.jpg", "Positive/1.jpg"]


def test_a_folder_of_no_known_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Unknown label 'spalling'"):
        read_examples(write_classes(tmp_path, "crack", "clear", "spalling"))


def test_hidden_names_and_folders_of_masks_are_passed_over(tmp_path: Path) -> None:
    write_classes(tmp_path, "crack", "crack_masks", "masks", ".trash")
    (tmp_path / "crack" / "._1.jpg").touch()
    assert [e.path for e in read_examples(tmp_path)] == [tmp_path / "crack" / "1.jpg"]


def test_a_stopped_decoding_leaves_no_half_of_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    photos = read_examples(write_classes(tmp_path, "crack"))
    monkeypatch.setattr("ml_training.caching.decode", stop)
    with pytest.raises(KeyboardInterrupt):
        cache_photos(photos, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_the_cache_gives_back_the_pixels_and_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    wall = draw_wall(1, cracked=True)
    wall.save(path)
    example = Example(path, True, "crack", "g", "s", "train", None)
    first = cache_photos([example], tmp_path / "cache")
    assert np.array_equal(first.pixels(0), np.asarray(wall))
    written = {f: f.stat().st_mtime_ns for f in (tmp_path / "cache").iterdir()}
    cache_photos([example], tmp_path / "cache")
    assert written == {f: f.stat().st_mtime_ns for f in (tmp_path / "cache").iterdir()}


def test_a_damaged_training_photo_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8 not a photo")
    with pytest.raises(DatasetError, match=r"broken\.jpg cannot be decoded"):
        cache_photos([Example(path, True, "crack", "g", "s", "train", None)], tmp_path / "cache")
