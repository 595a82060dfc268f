"""Writing the ledger's tree: tiles and the signed checkpoint over them, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import bindparam, func, select, update

from gateway.store.instants import micros
from gateway.store.schema import checkpoints, ledger_tiles
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_SIZE = select(func.coalesce(func.max(checkpoints.c.size), 0))
_TILE = Insertion(ledger_tiles, "level", "number", "hashes", where_missing=True)
_WIDEN = (
    update(ledger_tiles)
    .where(ledger_tiles.c.level == bindparam("its_level"), ledger_tiles.c.number == bindparam("its_number"))
    .values(hashes=bindparam("wider"))
)
_CHECKPOINT = Insertion(checkpoints, "size", "recorded_at", "note")


@dataclass(frozen=True, slots=True)
class PutTree(Operation[bool]):
    """Keep a larger tree and its checkpoint. False, and nothing kept, where the tree has meanwhile grown elsewhere.

    Before this returns True the checkpoint must not be shown to anybody.
    """

    old_size: int
    """Of the tree this one grew from."""
    size: int
    tiles: Mapping[tuple[int, int], bytes]
    """By (level, number): each tile that is new or wider."""
    checkpoint: bytes
    """The signed note."""
    at: datetime
    ahead: ClassVar[bool] = True
    """Under load, too, an entry is under a checkpoint within a second: not behind what came after it."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._put(tx) for one in operations]

    def _put(self, tx: Transaction) -> bool:
        if tx.connection.execute(_SIZE).scalar_one() != self.old_size:
            return False
        _TILE.run(tx.connection, [(level, number, hashes) for (level, number), hashes in self.tiles.items()])
        wider: list[dict[str, Any]] = [
            {"its_level": level, "its_number": number, "wider": hashes}
            for (level, number), hashes in self.tiles.items()
        ]
        tx.connection.execute(_WIDEN, wider)
        _CHECKPOINT.run(tx.connection, [(self.size, micros(self.at), self.checkpoint)])
        return True
