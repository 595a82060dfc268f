"""The whole tree made anew from the published entries and tiles, in constant memory, and every flaw named by its place.

Entries are hashed bundle by bundle; each tile is compared with what lies below it. Where the two differ, the tile above
says which of them the ledger signed: so a changed entry and a changed tile are told apart, and the work goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from gateway.ledger.fault import ProofError
from gateway.ledger.tiles import Resource, levels, unbundle
from gateway.ledger.tree import EMPTY_ROOT, HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, node_hash
from gateway.model.words import text


class Source(Protocol):
    """Reads a resource; None where there is none. The bytes are whatever is there: nothing is believed."""

    def __call__(self, resource: Resource) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong, and exactly where: `code` is stable, `values` fill its text."""

    code: str
    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, code: str, **values: object) -> Flaw:
        return cls(code, tuple((name, str(value)) for name, value in values.items()))

    def text(self, lang: str) -> str:
        """The sentence in `lang` ("vi" or "en")."""
        return text(lang, f"audit.flaw.{self.code}", **dict(self.values))


def survey(size: int, root: bytes, read: Source, tell: Callable[[int], None]) -> Iterator[Flaw]:
    """Compare everything published of a tree of `size` leaves with itself and with the signed `root`.

    Yields flaws as they are found, none where all is well. `tell` is called with the entries that were compared.
    """
    if size == 0:
        if root != EMPTY_ROOT:
            yield Flaw.of("root", size=size)
        return
    yield from _Survey(size, root, read).run(tell)


class _Survey:
    """`made` holds, level by level, the row that grows from below; `told` the published tile it is compared with."""

    def __init__(self, size: int, root: bytes, read: Source) -> None:
        self._size, self._root, self._read = size, root, read
        self._levels = levels(size)
        self._made = [bytearray() for _ in range(self._levels)]
        self._told: list[tuple[int, bytes | None]] = [(-1, None)] * self._levels
        self._named: set[tuple[int, int]] = set()
        """Tiles of which a flaw was told: what it makes of the rows above is not told again."""

    def run(self, tell: Callable[[int], None]) -> Iterator[Flaw]:
        full, rest = divmod(self._size, TILE_WIDTH)
        for number in range(full):
            yield from self._bundle(number, TILE_WIDTH)
            tell(TILE_WIDTH)
        if rest:
            yield from self._bundle(full, rest)
            tell(rest)
        yield from self._edge()

    def _bundle(self, number: int, width: int) -> Iterator[Flaw]:
        """Hash a bundle of entries into the row of leaves; where it cannot be read, the tile speaks for it."""
        resource = Resource(None, number, width)
        data = self._read(resource)
        row = self._made[0]
        try:
            entries = [] if data is None else unbundle(data, width)
        except ProofError:
            entries = []
        if not entries:
            yield Flaw.of("missing" if data is None else "bundle", path=resource.path)
            row += (self._tile(0, number) or b"").ljust(width * HASH_BYTES, b"\0")
        else:
            row += b"".join([sha256(b"\x00" + entry).digest() for entry in entries])
        if width == TILE_WIDTH:
            yield from self._close(0, number)

    def _close(self, level: int, number: int) -> Iterator[Flaw]:
        """A row is full: compare it with its tile, and put its root into the row above, which there always is."""
        made, told = bytes(self._made[level]), self._tile(level, number)
        self._made[level].clear()
        node = _row_root(made)
        if told is None:
            yield self._named_here(level, number, "missing", path=Resource(level, number).path)
        elif told != made:
            above = self._hash_above(level, number)
            published = _row_root(told) == above
            yield from self._differences(level, number, made, told, below=published)
            node = above if published and above is not None else node
        row = self._made[level + 1]
        row += node
        if len(row) == TILE_WIDTH * HASH_BYTES:
            yield from self._close(level + 1, number // TILE_WIDTH)

    def _edge(self) -> Iterator[Flaw]:
        """The partial tiles at the right edge: which of both leads to the root that was signed?"""
        made = [bytes(row) for row in self._made]
        told = [
            self._tile(level, (self._size >> TILE_HEIGHT * level) // TILE_WIDTH) if made[level] else b""
            for level in range(self._levels)
        ]
        known = [row for row in told if row is not None]
        published = len(known) == len(told) and _edge_root(known) == self._root
        for level, (row, tile) in enumerate(zip(made, told, strict=True)):
            number = (self._size >> TILE_HEIGHT * level) // TILE_WIDTH
            if tile is None:
                yield Flaw.of("missing", path=Resource(level, number, len(row) // HASH_BYTES).path)
            elif tile != row:
                yield from self._differences(level, number, row, tile, below=published)
        if not published and _edge_root(made) != self._root:
            yield Flaw.of("root", size=self._size)

    def _differences(self, level: int, number: int, made: bytes, told: bytes, *, below: bool) -> Iterator[Flaw]:
        """Every hash in which a row and its tile differ. `below`: the tile is right, so what lies below it is wrong."""
        width = len(made) // HASH_BYTES
        for place in range(width):
            here = slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
            child = number * TILE_WIDTH + place
            if made[here] == told[here] or (level - 1, child) in self._named:
                continue
            if not below:
                yield self._named_here(level, number, "tile", path=Resource(level, number, width).path, line=place)
            elif level == 0:
                path = Resource(None, number, width).path
                yield self._named_here(level, number, "entry", path=path, index=child, line=place)
            else:
                yield Flaw.of(
                    "subtree", path=Resource(level - 1, child).path, above=Resource(level, number, width).path
                )

    def _named_here(self, level: int, number: int, code: str, **values: object) -> Flaw:
        self._named.add((level, number))
        return Flaw.of(code, **values)

    def _hash_above(self, level: int, number: int) -> bytes | None:
        """What the tile above says a full tile's root is."""
        above, place = self._tile(level + 1, number // TILE_WIDTH), number % TILE_WIDTH * HASH_BYTES
        return None if above is None else above[place : place + HASH_BYTES]

    def _tile(self, level: int, number: int) -> bytes | None:
        """A published tile as wide as the tree makes it, held while it is at work; None where it cannot be that."""
        held, data = self._told[level]
        if held != number:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
            data = self._read(Resource(level, number, width))
            if data is not None and len(data) != width * HASH_BYTES:
                data = None
            self._told[level] = number, data
        return data


def _row_root(row: bytes) -> bytes:
    """The root over a row of hashes whose count is a power of two."""
    while len(row) > HASH_BYTES:
        row = b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)])
    return row


def _edge_root(rows: list[bytes]) -> bytes:
    """The root of a tree from the partial rows of its right edge, lowest first: what is below hangs at a row's end."""
    rest = b""
    for row in rows:
        rest = _span(row + rest)
    return rest


def _span(row: bytes) -> bytes:
    """RFC 6962's root over any row of hashes: cut at the largest power of two below its length."""
    count = len(row) // HASH_BYTES
    if count & (count - 1) == 0:
        return _row_root(row)
    cut = (1 << (count - 1).bit_length() - 1) * HASH_BYTES
    return node_hash(_row_root(row[:cut]), _span(row[cut:]))
