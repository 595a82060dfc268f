"""Pictures small enough to be kept: a screenshot's PNG with the 256 colours that are most of it."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256
Pixel = tuple[int, ...]
"""Red, green, blue."""


def with_palette(png: bytes) -> bytes:
    """The picture with a palette. Takes what Chromium writes: eight bits of each colour, not interlaced."""
    parts = list(_chunks(png))
    width, height, depth, kind, *_, interlaced = struct.unpack(">IIBBBBB", dict(parts)[b"IHDR"])
    assert (depth, interlaced) == (8, 0) and kind in {2, 6}, "no screenshot of Chromium"
    size = 3 if kind == 2 else 4
    rows = _rows(zlib.decompress(b"".join(data for name, data in parts if name == b"IDAT")), width, size)
    pixels = [[tuple(row[at : at + 3]) for at in range(0, len(row), size)] for row in rows]
    palette = [one for one, _ in Counter(one for row in pixels for one in row).most_common(COLOURS)]
    places: dict[Pixel, int] = {one: place for place, one in enumerate(palette)}
    lines = []
    for row in pixels:
        for one in set(row) - places.keys():
            places[one] = _nearest(one, palette)
        lines.append(b"\0" + bytes(places[one] for one in row))
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for one in palette for part in one)),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _nearest(one: Pixel, palette: list[Pixel]) -> int:
    distances = [sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) for other in palette]
    return distances.index(min(distances))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert png.startswith(SIGNATURE)
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(data: bytes, width: int, size: int) -> Iterator[bytearray]:
    """The rows of a picture, their filters undone (PNG, 9)."""
    length = width * size
    above = bytearray(length)
    for start in range(0, len(data), length + 1):
        kind, row = data[start], bytearray(data[start + 1 : start + 1 + length])
        for at in range(length):
            left, corner = (row[at - size], above[at - size]) if at >= size else (0, 0)
            match kind:
                case 1:
                    row[at] = (row[at] + left) & 255
                case 2:
                    row[at] = (row[at] + above[at]) & 255
                case 3:
                    row[at] = (row[at] + (left + above[at]) // 2) & 255
                case 4:
                    row[at] = (row[at] + _paeth(left, above[at], corner)) & 255
        yield row
        above = row


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
