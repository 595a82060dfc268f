"""Remembering what is odd, the runs of numbers, and how far the ledger was looked through, in one transaction.

All of it is made from the ledger and the register, so losing it loses nothing: it is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, Insert, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.instants import micros
from gateway.store.schema import number_runs, oddities, oddity_progress
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_NEXT_INDEX = select(oddity_progress.c.next_index)
_BEGUN = Insertion(oddity_progress)
_FURTHER = update(oddity_progress).values(next_index=bindparam("next"), latest_at=bindparam("latest"))
_GONE = delete(number_runs).where(
    number_runs.c.sender == bindparam("of_sender"),
    number_runs.c.notation == bindparam("of_notation"),
    number_runs.c.year == bindparam("of_year"),
    number_runs.c.first == bindparam("of_first"),
)


@dataclass(frozen=True, slots=True)
class Odd:
    """Something odd, or something that is where there is more of it."""

    kind: str
    key: str
    """What makes it one and the same, among its kind."""
    at: datetime
    indexes: tuple[int, ...]
    values: Mapping[str, str]
    count: int = 1
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers that are given one after the other."""

    sender: str
    notation: str
    year: int


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers of a series without a gap."""

    series: Series
    first: int
    last: int
    first_index: int
    last_index: int
    at: datetime
    """When the document of the first was admitted."""


@dataclass(frozen=True, slots=True)
class RememberOddities(Operation[bool]):
    """Remember what a stretch of the ledger shows. False, and nothing remembered, where another did it first."""

    after_index: int
    """Where the stretch begins."""
    next_index: int
    latest_at: datetime
    odd: Sequence[Odd]
    gone: Sequence[Run]
    runs: Sequence[Run]

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._remember(tx.connection) for one in operations]

    def _remember(self, connection: Connection) -> bool:
        reached = connection.execute(_NEXT_INDEX).scalar()
        if (reached or 0) != self.after_index:
            return False
        if reached is None:
            _BEGUN.run(connection, [(1, self.next_index, micros(self.latest_at))])
        else:
            connection.execute(_FURTHER, {"next": self.next_index, "latest": micros(self.latest_at)})
        if self.odd:
            putting = _putting(connection, oddities, "at", "count", "shown", "indexes", "said")
            connection.execute(putting, [_row(one) for one in self.odd])
        if self.gone:
            connection.execute(_GONE, [{f"of_{name}": value for name, value in _key(one).items()} for one in self.gone])
        if self.runs:
            putting = _putting(connection, number_runs, "last", "first_index", "last_index", "at")
            connection.execute(putting, [_run(one) for one in self.runs])
        return True


def _putting(connection: Connection, table: Table, *names: str) -> Insert:
    """INSERT, or UPDATE of these columns where the key is there already."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table)
    keys = [column.name for column in table.primary_key]
    return new.on_conflict_do_update(index_elements=keys, set_={name: new.excluded[name] for name in names})


def _row(one: Odd) -> dict[str, object]:
    return {
        "kind": one.kind,
        "key": one.key,
        "at": micros(one.at),
        "count": one.count,
        "shown": one.shown,
        "indexes": ",".join(map(str, one.indexes)),
        "said": json.dumps(one.values, ensure_ascii=False, sort_keys=True),
    }


def _key(run: Run) -> dict[str, object]:
    of = run.series
    return {"sender": of.sender, "notation": of.notation, "year": of.year, "first": run.first}


def _run(run: Run) -> dict[str, object]:
    rest = {"last": run.last, "first_index": run.first_index, "last_index": run.last_index, "at": micros(run.at)}
    return _key(run) | rest
