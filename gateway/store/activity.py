"""Counting what agencies did: figures, receipts owed, and how far the ledger is counted, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Insert, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.model.activity import MEASURES
from gateway.store.instants import micros
from gateway.store.schema import activity, activity_progress, owed_receipts
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

Added = Mapping[tuple[str, str], Sequence[int]]
"""By span and agency, what is added to each figure, in the order of `MEASURES`."""

_OWED = Insertion(owed_receipts)
_OF = (
    owed_receipts.c.dispatch_id == bindparam("dispatch"),
    owed_receipts.c.addressee == bindparam("whose"),
)
_CHANGED = update(owed_receipts).where(*_OF).values(received=bindparam("has_it"), late=bindparam("is_late"))
_SETTLED = delete(owed_receipts).where(*_OF)
_ROUND = select(activity_progress.c.round)
_FIRST = Insertion(activity_progress)
_NEXT = update(activity_progress).values(next_index=bindparam("next"), round=bindparam("round_after"))


@dataclass(frozen=True, slots=True)
class OwedReceipt:
    """A document whose receipt its addressee has not told yet."""

    dispatch_id: str
    addressee: str
    admitted_at: datetime
    deadline_at: datetime
    received: bool = False
    """The addressee's system has it."""
    late: bool = False
    """It was counted as overdue."""


@dataclass(frozen=True, slots=True)
class CountActivity(Operation[bool]):
    """Add what was counted from a stretch of the ledger. False, and nothing added, where another did it first."""

    after_round: int
    """The round this count rests on; 0: nothing was counted yet."""
    next_index: int
    added: Added
    opened: Sequence[OwedReceipt] = ()
    changed: Sequence[OwedReceipt] = ()
    settled: Sequence[OwedReceipt] = ()

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._count(tx.connection) for one in operations]

    def _count(self, connection: Connection) -> bool:
        if (connection.execute(_ROUND).scalar() or 0) != self.after_round:
            return False
        if self.after_round == 0:
            _FIRST.run(connection, [(1, self.next_index, 1)])
        else:
            connection.execute(_NEXT, {"next": self.next_index, "round_after": self.after_round + 1})
        if self.added:
            connection.execute(_adding(connection.dialect.name), [_figures(*row) for row in sorted(self.added.items())])
        _OWED.run(connection, [_row(one) for one in self.opened])
        if self.changed:
            connection.execute(
                _CHANGED, [{**_key(one), "has_it": one.received, "is_late": one.late} for one in self.changed]
            )
        if self.settled:
            connection.execute(_SETTLED, [_key(one) for one in self.settled])
        return True


def _adding(engine: str) -> Insert:
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    new = insert(activity)
    names = [measure.value for measure in MEASURES]
    return new.on_conflict_do_update(
        index_elements=["span", "agency"], set_={name: activity.c[name] + new.excluded[name] for name in names}
    )


def _figures(of: tuple[str, str], counts: Sequence[int]) -> dict[str, Any]:
    span, agency = of
    named = {measure.value: count for measure, count in zip(MEASURES, counts, strict=True)}
    return {"span": span, "agency": agency, **named}


def _row(one: OwedReceipt) -> tuple[Any, ...]:
    return (
        one.dispatch_id, one.addressee, micros(one.admitted_at), micros(one.deadline_at), one.received, one.late,
    )  # fmt: skip


def _key(one: OwedReceipt) -> dict[str, str]:
    return {"dispatch": one.dispatch_id, "whose": one.addressee}
