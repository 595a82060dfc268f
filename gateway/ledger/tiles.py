"""The ledger as static resources (C2SP tlog-tiles): what each is called, and how entries lie in a bundle.

A resource of N is full (256 wide), or partial: a prefix as wide as a tree of some size made it. Its path has N in
groups of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.ledger.entry import ENTRY_BYTES_MAX
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.tree import TILE_HEIGHT, TILE_WIDTH

LEVEL_MAX = 63
ENTRIES = "entries"
"""Stands where a tile's path has its level."""
NUMBER_DIGITS_MAX = 18

_PATH = re.compile(
    rf"tile/(?P<level>{ENTRIES}|0|[1-9][0-9]?)/(?P<groups>(?:x[0-9]{{3}}/)*[0-9]{{3}})(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A tile, or a bundle of entries where `level` is None, at one width."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Below the ledger's URL prefix."""
        groups = [f"{self.number:03d}"[-3:]]
        rest = self.number // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        level = ENTRIES if self.level is None else str(self.level)
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"

    @property
    def full(self) -> bool:
        return self.width == TILE_WIDTH

    @property
    def folder(self) -> str:
        """Of its partial forms: beside the full one, and of its name with `.p`."""
        return f"{Resource(self.level, self.number).path}.p"

    @classmethod
    def parse(cls, path: str) -> Resource | None:
        """The resource of a path; None for a path that no resource has."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        digits = match["groups"].replace("x", "").replace("/", "")
        width = TILE_WIDTH if match["width"] is None else int(match["width"])
        if len(digits) > NUMBER_DIGITS_MAX:
            return None
        one = cls(None if match["level"] == ENTRIES else int(match["level"]), int(digits), width)
        return one if one.path == path and (one.level or 0) <= LEVEL_MAX else None

    def within(self, size: int) -> bool:
        """Does a tree of `size` leaves reach so far?"""
        return self.number * TILE_WIDTH + self.width <= size >> TILE_HEIGHT * (self.level or 0)


def resources(old: int, new: int) -> Iterator[Resource]:
    """What a tree of `new` leaves is published as, of which a tree of `old` leaves had nothing: bundles, then tiles."""
    for level in (None, *range(levels(new))):
        shift = TILE_HEIGHT * (level or 0)
        first, (number, width) = (old >> shift) // TILE_WIDTH, divmod(new >> shift, TILE_WIDTH)
        for full in range(first, number):
            yield Resource(level, full)
        if width and old >> shift != new >> shift:
            yield Resource(level, number, width)


def superseded(old: int, new: int) -> Iterator[Resource]:
    """Resources whose partial forms nobody needs once a tree that had `old` leaves has `new`.

    One behind the newest that is whole, so that a mirror under way still finds what it saw listed.
    """
    for level in (None, *range(levels(new))):
        shift = TILE_HEIGHT * (level or 0)
        for number in range(max(0, (old >> shift) // TILE_WIDTH - 1), (new >> shift) // TILE_WIDTH - 1):
            yield Resource(level, number)


def levels(size: int) -> int:
    """How many levels of tiles a tree has."""
    return (size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as they are published: each behind its length in two bytes, big endian."""
    assert all(len(entry) <= ENTRY_BYTES_MAX for entry in entries), "an entry's length is a 16-bit number"
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def unbundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle of `width`. ProofError(tile.bundle) where it does not hold exactly so many."""
    entries: list[bytes] = []
    place, end = 0, len(data)
    while place + 2 <= end and len(entries) < width:
        start = place + 2
        place = start + (data[place] << 8 | data[place + 1])
        entries.append(data[start:place])
    if place != end or len(entries) != width:
        raise ProofError(Fault.TILE_BUNDLE, width=width)
    return entries
