"""Reading the ledger: entries, tiles, checkpoints and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from sqlalchemy import Connection, bindparam, func, select

from gateway.ledger.proof import Proof
from gateway.ledger.tree import HASH_BYTES, Tree, inclusion, root
from gateway.store.instants import instant
from gateway.store.schema import checkpoints, ledger_entries, ledger_tiles
from gateway.store.schema import ledger_head as head


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """How far the ledger is."""

    size: int
    """Entries committed."""
    tree_size: int
    """Entries under the latest signed checkpoint."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was signed."""

    size: int
    note: bytes
    recorded_at: datetime


_HEAD = select(head.c.size, select(func.coalesce(func.max(checkpoints.c.size), 0)).scalar_subquery().label("tree_size"))
_ENTRIES = (
    select(ledger_entries.c.entry)
    .where(ledger_entries.c.ledger_index >= bindparam("start"))
    .order_by(ledger_entries.c.ledger_index)
    .limit(bindparam("count"))
)
_ENTRY = select(ledger_entries.c.entry).where(ledger_entries.c.ledger_index == bindparam("index"))
_TILE = select(ledger_tiles.c.hashes).where(
    ledger_tiles.c.level == bindparam("level"), ledger_tiles.c.number == bindparam("number")
)
_CHECKPOINT = select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)
_CHECKPOINTS = select(checkpoints).order_by(checkpoints.c.size.desc()).limit(bindparam("count"))
_FIRST_BEHIND = select(checkpoints).where(checkpoints.c.size > bindparam("index")).order_by(checkpoints.c.size).limit(1)
_NOTE = select(checkpoints.c.note).where(checkpoints.c.size == bindparam("size"))


def ledger_head(connection: Connection) -> LedgerHead:
    row = connection.execute(_HEAD).one()
    return LedgerHead(row.size, row.tree_size)


def entries(connection: Connection, start: int, limit: int) -> tuple[bytes, ...]:
    """Up to `limit` entries from index `start` on. Never with a gap: indexes are dense in commit order."""
    return tuple(connection.execute(_ENTRIES, {"start": start, "count": limit}).scalars())


def tile(connection: Connection, level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile. KeyError where the tree does not reach that far."""
    hashes = connection.execute(_TILE, {"level": level, "number": number}).scalar()
    if hashes is None or len(hashes) < width * HASH_BYTES:
        raise KeyError((level, number, width))
    return bytes(hashes[: width * HASH_BYTES])


def checkpoint(connection: Connection) -> SignedCheckpoint | None:
    """The latest one; None before the first."""
    row = connection.execute(_CHECKPOINT).one_or_none()
    return None if row is None else SignedCheckpoint(row.size, row.note, instant(row.recorded_at))


def latest_checkpoints(connection: Connection, limit: int) -> tuple[SignedCheckpoint, ...]:
    """The latest ones, the newest first."""
    rows = connection.execute(_CHECKPOINTS, {"count": limit})
    return tuple(SignedCheckpoint(row.size, bytes(row.note), instant(row.recorded_at)) for row in rows)


def first_checkpoint_over(connection: Connection, index: int) -> SignedCheckpoint | None:
    """The first one that covers the entry at `index`; None where none does."""
    row = connection.execute(_FIRST_BEHIND, {"index": index}).one_or_none()
    return None if row is None else SignedCheckpoint(row.size, bytes(row.note), instant(row.recorded_at))


def tree(connection: Connection) -> Tree:
    """The tree of the latest checkpoint, ready to grow."""
    return Tree.open(ledger_head(connection).tree_size, partial(tile, connection))


def tree_root(connection: Connection, size: int) -> bytes:
    """The root of the first `size` entries of the signed tree."""
    return root(size, partial(tile, connection))


def proven_entries(connection: Connection, indexes: tuple[int, ...], size: int) -> tuple[Proof, ...]:
    """Entries with their proofs under the checkpoint of `size`; NoResultFound where none of that size was signed."""
    note, read = connection.execute(_NOTE, {"size": size}).scalar_one(), cache(partial(tile, connection))
    return tuple(
        Proof(
            entry=connection.execute(_ENTRY, {"index": index}).scalar_one(),
            index=index,
            steps=inclusion(index, size, read),
            checkpoint=note,
        )
        for index in indexes
    )
