"""The directories of a TIFF (TIFF 6.0, and BigTIFF), with those fields alone that make a picture.

Nothing moves, so every address in the file stays true; what no picture needs becomes zeros.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PICTURE_FIELDS = frozenset(
    [
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279),
        *(280, 281, 282, 283, 284, 288, 289, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319),
        *(320, 321, 322, 323, 324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 347),
        *(513, 514, 529, 530, 531, 532, 34675),
    ]
)
"""How the pixels are laid out and coloured; no text, no camera, no place."""
MOST_DIRECTORIES = 200
_PIXELS = {273: 279, 324: 325, 513: 514}
"""Fields with addresses of pixels, and those with how many bytes lie there."""
_MORE_DIRECTORIES, _COMPRESSION, _OLD_JPEG = 330, 259, 6
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class _Layout:
    """The widths of numbers in a TIFF; a BigTIFF counts and points with eight bytes."""

    order: str
    count: str
    pointer: str

    def number(self, photo: bytes, at: int, form: str) -> int:
        return int(struct.unpack_from(self.order + form, photo, at)[0])

    @property
    def inline(self) -> int:
        return struct.calcsize(self.pointer)

    @property
    def entry(self) -> int:
        return 4 + 2 * self.inline


@dataclass(frozen=True)
class _Field:
    entry: bytes
    tag: int
    kind: int
    place: tuple[int, int]
    """Where its value lies, within the entry or elsewhere, and its length."""

    def numbers(self, photo: bytes, layout: _Layout) -> list[int]:
        start, length = self.place
        form = _NUMBERS[self.kind]
        return list(
            struct.unpack_from(f"{layout.order}{length // _SIZES[self.kind]}{form}", photo, start)
        )


def pictures_of(photo: bytes) -> bytes:
    """Return the TIFF without whatever makes no picture, each byte at its place.

    Raises ValueError, KeyError or struct.error where the directories cannot be followed.
    """
    layout = _layout(photo)
    head = 16 if layout.pointer == "Q" else 8
    pending = [layout.number(photo, head - layout.inline, layout.pointer)]
    directories: dict[int, bytes] = {}
    kept: list[tuple[int, int]] = []
    while pending:
        at = pending.pop()
        if at in directories or not at:
            continue
        if len(directories) == MOST_DIRECTORIES:
            raise ValueError("The photo has more directories than a picture needs.")
        fields, after = _read(photo, at, layout)
        directories[at] = _written(fields, after, layout)
        kept += _places(photo, fields, layout)
        more = fields.get(_MORE_DIRECTORIES)
        pending += [after, *(more.numbers(photo, layout) if more else [])]
    if any(start + length > len(photo) for start, length in kept):
        raise ValueError("The photo ends in the middle of a picture.")
    plain = bytearray(len(photo))
    for start, length in [(0, head), *kept]:
        plain[start : start + length] = photo[start : start + length]
    for at, directory in directories.items():
        plain[at : at + len(directory)] = directory
    return bytes(plain)


def _layout(photo: bytes) -> _Layout:
    order = {b"II": "<", b"MM": ">"}[photo[:2]]
    is_big = struct.unpack_from(order + "H", photo, 2)[0] == 43
    return _Layout(order, "Q" if is_big else "H", "Q" if is_big else "I")


def _read(photo: bytes, at: int, layout: _Layout) -> tuple[dict[int, _Field], int]:
    """The fields of a picture in the directory at `at`, and where the next directory is."""
    count = layout.number(photo, at, layout.count)
    at += struct.calcsize(layout.count)
    fields = {}
    for entry in range(at, at + count * layout.entry, layout.entry):
        tag, kind = struct.unpack_from(layout.order + "HH", photo, entry)
        if tag in PICTURE_FIELDS:
            fields[tag] = _field(photo, entry, tag, kind, layout)
    return fields, layout.number(photo, at + count * layout.entry, layout.pointer)


def _field(photo: bytes, entry: int, tag: int, kind: int, layout: _Layout) -> _Field:
    length = layout.number(photo, entry + 4, layout.pointer) * _SIZES[kind]
    value = entry + 4 + layout.inline
    start = value if length <= layout.inline else layout.number(photo, value, layout.pointer)
    return _Field(photo[entry : entry + layout.entry], tag, kind, (start, length))


def _written(fields: dict[int, _Field], after: int, layout: _Layout) -> bytes:
    head = struct.pack(layout.order + layout.count, len(fields))
    entries = b"".join(field.entry for field in fields.values())
    return head + entries + struct.pack(layout.order + layout.pointer, after)


def _places(photo: bytes, fields: dict[int, _Field], layout: _Layout) -> Iterator[tuple[int, int]]:
    """Where the values and the pixels of a directory lie."""
    how = fields.get(_COMPRESSION)
    if how and how.numbers(photo, layout) == [_OLD_JPEG]:
        raise ValueError("The photo keeps its tables where only its first program finds them.")
    for field in fields.values():
        if field.place[1] > layout.inline:
            yield field.place
    for tag, lengths in _PIXELS.items():
        if tag in fields:
            starts = fields[tag].numbers(photo, layout)
            yield from zip(starts, fields[lengths].numbers(photo, layout), strict=True)
