"""One transaction of a writer, and the operations that run in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, Self, TypeVar

from sqlalchemy import Connection, bindparam, select

from gateway.ledger.tree import leaf_hash
from gateway.store.schema import ledger_entries, ledger_head
from gateway.store.statements import Insertion, Prepared

R = TypeVar("R")

_THE_ONE = ledger_head.c.id == bindparam("the_one")
_LOCK_HEAD = Prepared(select(ledger_head.c.size).where(_THE_ONE).with_for_update(), "the_one")
_MOVE_HEAD = Prepared(ledger_head.update().where(_THE_ONE).values(size=bindparam("new_size")), "new_size", "the_one")
_APPEND = Insertion(ledger_entries)


class Transaction:
    """A transaction that holds the head of the ledger from its first statement on.

    A dense index needs one order of commits anyway. Taking it first gives three things for nothing: writers of several
    processes queue here and cannot deadlock elsewhere; whoever looks for a twin sees every one committed before; and
    what a reader sees of the ledger never has a gap. (SQLite: BEGIN IMMEDIATE; PostgreSQL: the row is locked.)
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.first_index = self._size = int(_LOCK_HEAD.rows(connection, 1)[0][0])
        self.leaves: list[bytes] = []
        """Hashes of the entries appended, from `first_index` on."""

    @property
    def next_index(self) -> int:
        """The index the next entry will have: everything below it is on record."""
        return self._size

    def append(self, entries: Sequence[bytes]) -> range:
        """Append ledger entries; gives their indexes."""
        indexes = range(self._size, self._size + len(entries))
        leaves = [leaf_hash(entry) for entry in entries]
        _APPEND.run(self.connection, list(zip(indexes, leaves, entries, strict=True)))
        self._size += len(entries)
        self.leaves += leaves
        return indexes

    def append_some(self, entries: Sequence[bytes | None]) -> list[int | None]:
        """Append those entries that are there; the index of each, or None."""
        indexes = iter(self.append([entry for entry in entries if entry is not None]))
        return [None if entry is None else next(indexes) for entry in entries]

    def finish(self) -> None:
        """Move the head over what was appended. To be called last, before the commit."""
        if self.leaves:
            _MOVE_HEAD.run(self.connection, self._size, 1)


class Operation(Generic[R]):
    """A named change of the store. `R` is what its writer gets back."""

    __slots__ = ()
    ahead: ClassVar[bool] = False
    """Goes before what waits, into the next transaction: for the few that everybody else depends on."""

    @classmethod
    @abstractmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[R]:
        """Do all of these in one transaction; one result for each, in their order.

        An expected no is a result. Whatever is raised rolls the whole group back; its operations are then redone alone.
        """
