"""Leases: work that one process at a time does, whichever machine it is on.

Nobody's clock is believed. The holder counts a beat again and again; another process may take the lease where it saw
the same beat for as long as a lease lasts, by its own stopwatch. Every change is a compare-and-set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from sqlalchemy import Connection, bindparam, select

from gateway.store.schema import leases
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it was seen."""

    holder: str | None = None
    term: int = 0
    """Of this holder; every other one has another."""
    beats: int = 0


FREE = Lease()
"""Before the first holder."""

_SEEN = select(leases.c.holder, leases.c.term, leases.c.beats).where(leases.c.name == bindparam("lease"))
_MADE = Insertion(leases, where_missing=True)
_TAKEN = (
    leases.update()
    .where(
        leases.c.name == bindparam("lease"),
        leases.c.term == bindparam("seen_term"),
        leases.c.beats == bindparam("seen_beats"),
    )
    .values(holder=bindparam("by"), term=leases.c.term + 1, beats=0)
)
_OURS = leases.update().where(leases.c.name == bindparam("lease"), leases.c.term == bindparam("our_term"))
_BEAT = _OURS.values(beats=leases.c.beats + 1)
_GIVEN_BACK = _OURS.values(holder=None)


def lease(connection: Connection, name: str) -> Lease:
    """A lease as it is now."""
    row = connection.execute(_SEEN, {"lease": name}).one_or_none()
    return FREE if row is None else Lease(row.holder, row.term, row.beats)


@dataclass(frozen=True, slots=True)
class TakeLease(Operation[int | None]):
    """Take a lease that is still as it was `seen`. Gives the new term; None where it is not."""

    name: str
    holder: str
    seen: Lease
    ahead: ClassVar[bool] = True

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        return [one._take(tx) for one in operations]

    def _take(self, tx: Transaction) -> int | None:
        _MADE.run(tx.connection, [(self.name, None, FREE.term, FREE.beats)])
        seen = {"lease": self.name, "by": self.holder, "seen_term": self.seen.term, "seen_beats": self.seen.beats}
        return self.seen.term + 1 if tx.connection.execute(_TAKEN, seen).rowcount else None


@dataclass(frozen=True, slots=True)
class KeepLease(Operation[bool]):
    """Count a beat. False where the lease is somebody else's now.

    Behind a long queue the lease would run out, and nobody would sign.
    """

    name: str
    term: int
    ahead: ClassVar[bool] = True

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        kept = (tx.connection.execute(_BEAT, {"lease": one.name, "our_term": one.term}) for one in operations)
        return [one.rowcount > 0 for one in kept]


@dataclass(frozen=True, slots=True)
class GiveLeaseBack(Operation[None]):
    """Let the next one take the lease at once. Nothing happens where it is somebody else's."""

    name: str
    term: int

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            tx.connection.execute(_GIVEN_BACK, {"lease": one.name, "our_term": one.term})
        return [None] * len(operations)
