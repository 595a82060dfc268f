"""What people did here: an entry of the ledger, and beside it the words behind its digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from sqlalchemy import Connection, bindparam, select

from gateway.store.instants import micros
from gateway.store.schema import acts
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

R = TypeVar("R")

_ACT = Insertion(acts, "ledger_index", "by", "action", "subject", "at", "reason", "salt")


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody did something, and said why."""

    by: str
    """The name they enter under; of an operator at the machine, the account there, as `@account`; of a connected
    system, its key, and its actions begin with `peer.`."""
    action: str
    subject: str
    """What it was done to: a dispatch, a delivery, a peer, a person."""
    at: datetime
    reason: str
    salt: bytes
    """What the entry's digest of the reason is salted with."""
    entry: bytes


def record(tx: Transaction, done: Sequence[Act]) -> range:
    """Append what was done to the ledger and to the register; gives the indexes of the entries."""
    indexes = tx.append([one.entry for one in done])
    _ACT.run(
        tx.connection,
        [
            (index, one.by, one.action, one.subject, micros(one.at), one.reason, one.salt)
            for index, one in zip(indexes, done, strict=True)
        ],
    )
    return indexes


@dataclass(frozen=True, slots=True)
class Acted(Operation[R]):
    """A change somebody makes, and their act, in one transaction. What changes nothing (its result is false) is no
    act."""

    change: Operation[R]
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[R]:
        return [one._run(tx) for one in operations]

    def _run(self, tx: Transaction) -> R:
        (came,) = type(self.change).run(tx, [self.change])
        if came:
            record(tx, [self.act])
        return came


_DONE_BEFORE = (
    select(acts.c.ledger_index)
    .where(acts.c.subject == bindparam("what"), acts.c.by == bindparam("who"), acts.c.action == bindparam("did"))
    .limit(1)
)


def did_before(connection: Connection, by: str, action: str, subject: str) -> bool:
    """Whether somebody did this to it before."""
    return connection.execute(_DONE_BEFORE, {"what": subject, "who": by, "did": action}).first() is not None


@dataclass(frozen=True, slots=True)
class RecordFirst(Operation[bool]):
    """Record an act unless the same one did it to the same before: asking again and again does not grow the ledger.

    True where it was recorded.
    """

    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._record(tx) for one in operations]

    def _record(self, tx: Transaction) -> bool:
        if did_before(tx.connection, self.act.by, self.act.action, self.act.subject):
            return False
        record(tx, [self.act])
        return True


@dataclass(frozen=True, slots=True)
class RecordAct(Operation[int]):
    """Record an act that changes nothing else in the register: a view, an export. Gives the index of its entry."""

    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return record(tx, [one.act for one in operations])
