"""What the header of a HEIC says, read without libheif (ISO 14496-12 boxes, ISO 23008-12 items).

libheif's Python binding ends the whole process on some damaged headers. A server that takes uploads
therefore reads headers here, and only files that pass reach the binding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST_EXIF = 1 << 20
_PICTURE_TYPES = (b"hvc1", b"grid", b"iden", b"iovl")
_NOTES = (b"Exif", b"mime", b"uri ")
_IN_FILE = 0  # iloc construction method: offsets count from the start of the file


@dataclass(frozen=True)
class HeicHeader:
    """`width` and `height` are upright pixels of the main picture; `pictures` counts its equals."""

    width: int
    height: int
    pictures: int
    exif: bytes


@dataclass(frozen=True)
class HeicPlaces:
    """Where things lie in a HEIC, as (start, length) from the start of the file."""

    frame: list[tuple[int, int]]
    """The header, and of all other boxes where they begin."""
    pictures: list[tuple[int, int]]
    exif: list[tuple[int, int]]


@dataclass
class _Items:
    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    links: dict[int, list[int]] = field(default_factory=dict)


class _Cursor:
    """Reads big-endian numbers; raises ValueError where the bytes end early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ValueError("a box of the HEIC header ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def version_and_flags(self) -> tuple[int, int]:
        return self.number(1), self.number(3)


def read_heic_header(data: bytes) -> HeicHeader:
    """Read size, rotation, number of pictures and EXIF block of a HEIC.

    Raises ValueError where the header is damaged, incomplete or names an item that is not HEVC.
    """
    meta = dict(_boxes(data)).get(b"meta")
    if meta is None:
        raise ValueError("a HEIC without a meta box")
    items = _read_items(meta[4:])
    if items.types.get(items.primary) not in _PICTURE_TYPES:
        raise ValueError("the main picture of a HEIC is missing or not HEVC")
    if not all(kind.isascii() and kind.decode().isprintable() for kind in items.types.values()):
        raise ValueError("an item of a HEIC has an impossible type")
    width, height = _size(items)
    shown = [
        n for n, kind in items.types.items() if kind in _PICTURE_TYPES and n not in items.hidden
    ]
    return HeicHeader(width, height, len(shown), _exif(items, data))


def read_heic_places(data: bytes) -> HeicPlaces:
    """Say which bytes of a HEIC make its pictures.

    Raises ValueError where that cannot be told: films, texts within the header, odd addresses.
    """
    frame, at = [], 0
    for kind, body in _boxes(data):
        if kind in (b"moov", b"moof"):
            raise ValueError("a HEIC with a film")
        start = at + _head_of_box(data, at)
        end = start + len(body)
        frame.append((at, (end if kind in (b"ftyp", b"meta") else start) - at))
        at = end
    items = _read_items(dict(_boxes(data))[b"meta"][4:])
    notes = {item for item, kind in items.types.items() if kind in _NOTES}
    told = any(kind == b"udes" for kind, _ in items.properties)
    lengths = [length for places in items.places.values() for _, length in places]
    if told or not notes <= items.places.keys() or 0 in lengths:
        raise ValueError("a HEIC with texts or pictures at odd places")
    places = [(item, place) for item, found in items.places.items() for place in found]
    exif = [items.places[item][0] for item in notes if items.types[item] == b"Exif"]
    return HeicPlaces(frame, [place for item, place in places if item not in notes], exif)


def _head_of_box(data: bytes, at: int) -> int:
    return 16 if data[at : at + 4] == b"\0\0\0\1" else 8


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    cursor = _Cursor(data)
    while cursor.at + 8 <= len(data):
        start, size, kind = cursor.at, cursor.number(4), cursor.take(4)
        if size == 1:
            size = cursor.number(8)
        end = len(data) if size == 0 else start + size
        if end < cursor.at:
            raise ValueError("a box of the HEIC header is smaller than itself")
        # The last box may be cut off: that concerns the pixels, not the header.
        yield kind, data[cursor.at : end]
        cursor.at = end


def _read_items(meta: bytes) -> _Items:
    items = _Items()
    readers = {
        b"pitm": _read_primary,
        b"iinf": _read_types,
        b"iloc": _read_places,
        b"iprp": _read_properties,
        b"iref": _read_references,
    }
    for kind, body in _boxes(meta):
        if kind in readers:
            readers[kind](_Cursor(body), items)
    return items


def _read_primary(cursor: _Cursor, items: _Items) -> None:
    version, _ = cursor.version_and_flags()
    items.primary = cursor.number(4 if version else 2)


def _read_types(cursor: _Cursor, items: _Items) -> None:
    version, _ = cursor.version_and_flags()
    cursor.take(4 if version else 2)
    for kind, body in _boxes(cursor.data[cursor.at :]):
        entry = _Cursor(body)
        version, flags = entry.version_and_flags()
        if kind != b"infe" or version < 2:
            raise ValueError("an item of a HEIC has no type")
        item = entry.number(4 if version > 2 else 2)
        entry.take(2)
        items.types[item] = entry.take(4)
        body[entry.at :].decode("utf-8")  # names and content types: text, or the binding ends us
        if flags & 1:
            items.hidden.add(item)


def _read_places(cursor: _Cursor, items: _Items) -> None:
    version, _ = cursor.version_and_flags()
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(cursor.number(4 if version > 1 else 2)):
        item = cursor.number(4 if version > 1 else 2)
        method = cursor.number(2) & 15 if version else _IN_FILE
        cursor.take(2)
        base, extents = cursor.number(base_size), []
        for _ in range(cursor.number(2)):
            cursor.take(index_size)
            extents.append((base + cursor.number(offset_size), cursor.number(length_size)))
        if method == _IN_FILE:
            items.places[item] = extents


def _read_properties(cursor: _Cursor, items: _Items) -> None:
    for kind, body in _boxes(cursor.data):
        if kind == b"ipco":
            items.properties = list(_boxes(body))
        elif kind == b"ipma":
            _read_links(_Cursor(body), items)


def _read_links(cursor: _Cursor, items: _Items) -> None:
    version, flags = cursor.version_and_flags()
    width = 2 if flags & 1 else 1
    for _ in range(cursor.number(4)):
        item = cursor.number(4 if version else 2)
        numbers = [cursor.number(width) for _ in range(cursor.number(1))]
        without_mark = (1 << 8 * width - 1) - 1
        items.links[item] = [number & without_mark for number in numbers]


def _read_references(cursor: _Cursor, items: _Items) -> None:
    """Thumbnails, depth maps and tiles are not pictures of their own."""
    version, _ = cursor.version_and_flags()
    size = 4 if version else 2
    for kind, body in _boxes(cursor.data[cursor.at :]):
        link = _Cursor(body)
        source = link.number(size)
        targets = [link.number(size) for _ in range(link.number(2))]
        if kind in (b"thmb", b"auxl"):
            items.hidden.add(source)
        elif kind == b"dimg":
            items.hidden.update(targets)


def _size(items: _Items) -> tuple[int, int]:
    """The size of the main picture after its own rotation."""
    size, quarter_turns = (0, 0), 0
    for number in items.links.get(items.primary, ()):
        if not 0 < number <= len(items.properties):
            raise ValueError("a HEIC refers to a property it does not have")
        kind, body = items.properties[number - 1]
        if kind == b"ispe":
            cursor = _Cursor(body[4:])
            size = cursor.number(4), cursor.number(4)
        elif kind == b"irot":
            quarter_turns = _Cursor(body).number(1) & 3
    if not size[0] or not size[1]:
        raise ValueError("a HEIC without the size of its main picture")
    return (size[1], size[0]) if quarter_turns % 2 else size


def _exif(items: _Items, data: bytes) -> bytes:
    """The EXIF block from its TIFF header on; empty where there is none."""
    for item, kind in items.types.items():
        extents = items.places.get(item, [])
        if kind == b"Exif" and sum(length for _, length in extents) <= LONGEST_EXIF:
            block = b"".join(data[start : start + length] for start, length in extents)
            return block[4 + int.from_bytes(block[:4], "big") :]
    return b""
