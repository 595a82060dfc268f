"""The Merkle tree of RFC 6962, held in tiles of height 8 (C2SP tlog-tiles), and its proofs.

A tile of level L is up to 256 hashes in a row, each the root of 256^L leaves; the tile numbered N starts at hash 256 N.
A partial tile is a prefix of every later one, and is never hashed into the level above. Where tiles are kept is
somebody else's business: everything here reads them through a callable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from hashlib import sha256
from typing import Protocol

from gateway.ledger.fault import Fault, ProofError

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HASH_BYTES = 32
TILES_REMEMBERED = 512
"""With all their inner nodes: 8 MiB. A ledger of ten million has 154 tiles above its leaves."""
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree of no leaves (RFC 6962 §2.1)."""


class TileReader(Protocol):
    """Reads a tile: exactly `width` hashes of 32 bytes; a store that holds a wider tile cuts it."""

    def __call__(self, level: int, number: int, width: int) -> bytes: ...


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """The right-hand edge of a tree of `size` leaves: all that is needed to grow it and to know its root."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    """Roots of the perfect subtrees the tree is made of, one for each 1 of `size` in binary, largest first."""
    rims: tuple[bytes, ...] = ()
    """By level, the partial tile at the right edge; empty where the last tile is full."""

    @classmethod
    def open(cls, size: int, read: TileReader) -> Tree:
        """The edge of the tree of `size` leaves that the tiles hold: one tile read per level."""
        tiles = _Tiles(size, read)
        rims, peaks = [], []
        for level in range((size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT):
            number, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
            rims.append(tiles.tile(level, number) if width else b"")
        for height in range(size.bit_length() - 1, -1, -1):
            if size >> height & 1:
                peaks.append(tiles.node(height, (size >> height) - 1))
        return cls(size, tuple(peaks), tuple(rims))

    @property
    def root(self) -> bytes:
        """The root hash of RFC 6962 for `size` leaves."""
        if not self.peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))

    def grow(self, leaf_hashes: Iterable[bytes]) -> Grown:
        """The tree with these leaves appended, and the tiles that became new or wider by it."""
        size, peaks, rims = self.size, list(self.peaks), [bytearray(rim) for rim in self.rims]
        tiles: dict[tuple[int, int], bytes] = {}
        for leaf in leaf_hashes:
            assert len(leaf) == HASH_BYTES, "leaves are given as hashes"
            node, height = leaf, 0
            _lay(rims, 0, node)
            size += 1
            while not size >> height & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                height += 1
                if height % TILE_HEIGHT == 0:
                    # A full tile below is one hash here. Only now does its row begin anew.
                    level = height // TILE_HEIGHT
                    tiles[level - 1, (size >> height) - 1] = bytes(rims[level - 1])
                    rims[level - 1].clear()
                    _lay(rims, level, node)
            peaks.append(node)
        for level, rim in enumerate(rims):
            shift = TILE_HEIGHT * level
            if rim and size >> shift != self.size >> shift:
                tiles[level, size >> shift + TILE_HEIGHT] = bytes(rim)
        return Grown(Tree(size, tuple(peaks), tuple(bytes(rim) for rim in rims)), tiles)


@dataclass(frozen=True, slots=True)
class Grown:
    """A tree that grew: the new edge, and by (level, number) each tile that is new or wider than before."""

    tree: Tree
    tiles: dict[tuple[int, int], bytes]


def _lay(rims: list[bytearray], level: int, node: bytes) -> None:
    if level == len(rims):
        rims.append(bytearray())
    rims[level] += node


def root(size: int, read: TileReader) -> bytes:
    """The root of the first `size` leaves."""
    return _Tiles(size, read).span(0, size) if size else EMPTY_ROOT


def inclusion(index: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1, the leaf's sibling first. ProofError(proof.range)."""
    if not 0 <= index < size:
        raise ProofError(Fault.PROOF_RANGE, index=index, size=size)
    tiles, proof = _Tiles(size, read), []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(tiles.span(middle, end))
            end = middle
        else:
            proof.append(tiles.span(start, middle))
            start = middle
    return tuple(reversed(proof))


def consistency(old: int, new: int, read: TileReader) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) of RFC 6962 §2.1.2; empty for the empty tree and for equal sizes. ProofError(proof.range)."""
    if not 0 <= old <= new:
        raise ProofError(Fault.PROOF_RANGE, index=old, size=new)
    if old in (0, new):
        return ()
    tiles, proof = _Tiles(new, read), []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(tiles.span(middle, end))
            end = middle
        else:
            proof.append(tiles.span(start, middle))
            start = middle
    if start:  # else the old tree is itself a subtree of the new one, and its root is known
        proof.append(tiles.span(start, end))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 §2.1.3.2. ProofError(proof.inclusion) unless the leaf hash is at `index` under `root`."""
    if not 0 <= index < size:
        raise ProofError(Fault.PROOF_RANGE, index=index, size=size)
    place, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofError(Fault.PROOF_INCLUSION, index=index, size=size)
        if place & 1 or place == last:
            node = node_hash(step, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, step)
        place, last = place >> 1, last >> 1
    if last or node != root:
        raise ProofError(Fault.PROOF_INCLUSION, index=index, size=size)


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 §2.1.4.2. ProofError(proof.consistency) unless the old tree is a prefix of the new one."""
    if not 0 <= old <= new:
        raise ProofError(Fault.PROOF_RANGE, index=old, size=new)
    wrong = ProofError(Fault.PROOF_CONSISTENCY, old=old, new=new)
    if old in (0, new):
        if proof or old_root != (new_root if old else EMPTY_ROOT):
            raise wrong
        return
    # A perfect old tree is a node of the new one, so its root is where the proof starts.
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        raise wrong
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise wrong
        if place & 1 or place == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node_hash(now, step)
        place, last = place >> 1, last >> 1
    if last or was != old_root or now != new_root:
        raise wrong


def _split(width: int) -> int:
    """The largest power of two below `width`: where RFC 6962 cuts a tree."""
    return 1 << (width - 1).bit_length() - 1


@lru_cache(TILES_REMEMBERED)
def _inner(row: bytes) -> tuple[bytes, ...]:
    """Every node of a tile, from its own row upwards: hashing one anew is most of what a proof costs, and tiles above
    the leaves are met again in every proof. By the tile's bytes, so what is remembered is never another tile's."""
    rows = [row]
    while len(row) >= 2 * HASH_BYTES:
        whole = len(row) // 64 * 64
        row = b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, whole, 64)])
        rows.append(row)
    return tuple(rows)


class _Tiles:
    """Hashes of one tree, read from its tiles, each tile once."""

    def __init__(self, size: int, read: TileReader) -> None:
        self._size, self._read = size, read
        self._seen: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, number: int) -> bytes:
        """A tile at its width in this tree. ProofError(tile.damaged) where the store gives another length."""
        if (known := self._seen.get((level, number))) is not None:
            return known
        width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - TILE_WIDTH * number)
        data = self._read(level, number, width)
        if len(data) != width * HASH_BYTES:
            raise ProofError(Fault.TILE_DAMAGED, level=level, number=number)
        self._seen[level, number] = data
        return data

    def node(self, height: int, index: int) -> bytes:
        """The root of the perfect subtree of 2^height leaves, the index-th of its kind."""
        level, rest = divmod(height, TILE_HEIGHT)
        number, place = divmod(index << rest, TILE_WIDTH)
        row, place = self.tile(level, number), place >> rest
        nodes = _inner(row)[rest] if rest else row
        return nodes[place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def span(self, start: int, end: int) -> bytes:
        """The root over leaves `start` to `end`, a subtree as RFC 6962 cuts them (so `start` is aligned to it)."""
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self.node(height, start >> height)
        middle = start + _split(width)
        return node_hash(self.span(start, middle), self.span(middle, end))
