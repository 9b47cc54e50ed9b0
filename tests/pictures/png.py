"""PNG files as Chromium writes them (eight bits, not interlaced): a part of one, or one with a palette, to be small."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from typing import NamedTuple

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
_MOST = 256
_SHARED_BITS = 4
"""Colours that differ in these bits only are of one kind."""


class Picture(NamedTuple):
    """Rows of pixels, three bytes each."""

    width: int
    rows: list[bytes]


def read(data: bytes) -> Picture:
    """Raises KeyError for a PNG of another kind."""
    chunks = dict[bytes, bytes]()
    at = len(_SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name = data[at + 4 : at + 8]
        chunks[name] = chunks.get(name, b"") + data[at + 8 : at + 8 + length]
        at += length + 12
    width, height, _, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    size = _CHANNELS[colour]
    raw, stride = zlib.decompress(chunks[b"IDAT"]), width * size
    rows, before = list[bytes](), bytes(stride)
    for number in range(height):
        start = number * (stride + 1)
        before = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], before, size)
        rows.append(before if size == 3 else bytes(value for n, value in enumerate(before) if n % 4 != 3))
    return Picture(width, rows)


def cropped(picture: Picture, top: int, height: int) -> Picture:
    return Picture(picture.width, picture.rows[top : top + height])


def with_palette(picture: Picture) -> bytes:
    """A PNG of at most 256 colours, each the most frequent one of its kind; for all others the nearest of these."""
    counts = Counter(row[at : at + 3] for row in picture.rows for at in range(0, len(row), 3))
    kinds = Counter[bytes]()
    typical = dict[bytes, bytes]()
    for colour, count in counts.most_common():
        kind = bytes(value >> _SHARED_BITS for value in colour)
        kinds[kind] += count
        typical.setdefault(kind, colour)
    palette = [typical[kind] for kind, _ in kinds.most_common(_MOST)]
    index = {colour: number for number, colour in enumerate(palette)}
    for colour in counts:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda number: _distance(palette[number], colour))
    packed = b"".join(b"\0" + bytes(index[row[at : at + 3]] for at in range(0, len(row), 3)) for row in picture.rows)
    header = struct.pack(">IIBBBBB", picture.width, len(picture.rows), 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(packed, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _unfiltered(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    """A row without its filter (PNG specification, section 9.2)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes((a + b) & 255 for a, b in zip(line, above, strict=True))
    done = bytearray(len(line))
    for at, value in enumerate(line):
        left = done[at - size] if at >= size else 0
        if kind == 1:
            predicted = left
        elif kind == 3:
            predicted = (left + above[at]) // 2
        else:
            predicted = _paeth(left, above[at], above[at - size] if at >= size else 0)
        done[at] = (value + predicted) & 255
    return bytes(done)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    nearest = min(abs(guess - left), abs(guess - above), abs(guess - corner))
    if nearest == abs(guess - left):
        return left
    return above if nearest == abs(guess - above) else corner
