"""Reading what agencies did: how far it is counted, what a count rests on, and sums that stay fast."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from gateway.model.activity import MEASURES
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import Relation
from gateway.model.packet import BusinessType
from gateway.store.activity import OwedReceipt
from gateway.store.instants import instant, micros
from gateway.store.schema import IN_TIME, activity, activity_progress, dispatches, links, owed_receipts

KEYS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How far the ledger is counted."""

    next_index: int
    round: int
    """0: nothing is."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A dispatch that counts: a document, and no change of another."""

    sender: str
    admitted_at: datetime
    priority: int


_COUNTED = select(activity_progress.c.next_index, activity_progress.c.round)
_DOCUMENTS = select(
    dispatches.c.id, dispatches.c.sender, dispatches.c.admitted_at, dispatches.c.priority
).where(
    dispatches.c.id.in_(bindparam("ids", expanding=True)),
    dispatches.c.kind == Kind.DOCUMENT.value,
    dispatches.c.business_type == BusinessType.NEW,
)  # fmt: skip
_RECALLS = (
    select(links.c.target, links.c.dispatch_id)
    .join(dispatches, dispatches.c.id == links.c.dispatch_id)
    .where(links.c.target.in_(bindparam("ids", expanding=True)), links.c.relation == Relation.RECALLS.value)
    .order_by(dispatches.c.ledger_index.desc())
)
_OWED = select(owed_receipts).where(owed_receipts.c.dispatch_id.in_(bindparam("ids", expanding=True)))
_PASSED = (
    select(owed_receipts)
    .where(IN_TIME, owed_receipts.c.deadline_at < bindparam("at"))
    .order_by(owed_receipts.c.deadline_at)
    .limit(bindparam("count"))
)
_SUMS = [func.sum(activity.c[measure.value]).label(measure.value) for measure in MEASURES]
_IN_SPANS = activity.c.span.in_(bindparam("spans", expanding=True))
_BY_AGENCY = select(activity.c.agency, *_SUMS).where(_IN_SPANS).group_by(activity.c.agency)
_BY_SPAN = select(activity.c.span, *_SUMS).where(_IN_SPANS).group_by(activity.c.span)
_AGENCIES = select(activity.c.agency).where(_IN_SPANS).distinct()


def counted(connection: Connection) -> Counted:
    """How far the ledger is counted."""
    row = connection.execute(_COUNTED).one_or_none()
    return Counted(0, 0) if row is None else Counted(row.next_index, row.round)


def new_documents(connection: Connection, ids: Collection[str]) -> Mapping[str, NewDocument]:
    """Those of some dispatches that count, by id."""
    rows = _in_parts(connection, _DOCUMENTS, ids)
    return {row.id: NewDocument(row.sender, instant(row.admitted_at), row.priority or 0) for row in rows}


def first_recalls(connection: Connection, targets: Collection[str]) -> Mapping[str, str]:
    """The dispatch that asked each of these back first."""
    return {row.target: row.dispatch_id for row in _in_parts(connection, _RECALLS, targets)}


def receipts_owed(connection: Connection, dispatch_ids: Collection[str]) -> Mapping[tuple[str, str], OwedReceipt]:
    """Receipts not told yet for some dispatches, by dispatch and addressee."""
    rows = _in_parts(connection, _OWED, dispatch_ids)
    return {(row.dispatch_id, row.addressee): _owed(row) for row in rows}


def receipts_late(connection: Connection, at: datetime, limit: int) -> tuple[OwedReceipt, ...]:
    """Receipts not told yet whose deadline passed, and that are not counted as overdue."""
    return tuple(map(_owed, connection.execute(_PASSED, {"at": micros(at), "count": limit})))


def figures_by_agency(connection: Connection, spans: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Sums over some spans, by agency, in the order of `MEASURES`."""
    rows = connection.execute(_BY_AGENCY, {"spans": list(spans)})
    return {row[0]: tuple(map(int, row[1:])) for row in rows}


def figures_by_span(
    connection: Connection, spans: Sequence[str], agencies: Collection[str] | None
) -> Mapping[str, tuple[int, ...]]:
    """Sums over some agencies (None: all), by span."""
    if agencies is None:
        return {row[0]: tuple(map(int, row[1:])) for row in connection.execute(_BY_SPAN, {"spans": list(spans)})}
    sums: dict[str, tuple[int, ...]] = {}
    for part in _parts(agencies):
        for row in connection.execute(_BY_SPAN.where(activity.c.agency.in_(part)), {"spans": list(spans)}):
            before = sums.get(row[0], (0,) * len(MEASURES))
            sums[row[0]] = tuple(one + int(more) for one, more in zip(before, row[1:], strict=True))
    return sums


def agencies_counted(connection: Connection, spans: Sequence[str]) -> tuple[str, ...]:
    """Agencies that have figures in some spans."""
    return tuple(connection.execute(_AGENCIES, {"spans": list(spans)}).scalars())


def _in_parts(connection: Connection, query: Select[Any], ids: Collection[str]) -> list[Row[Any]]:
    return [row for part in _parts(ids) for row in connection.execute(query, {"ids": part})]


def _parts(keys: Collection[str]) -> Iterator[list[str]]:
    """As many at once as either engine takes."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), KEYS_AT_ONCE):
        yield ordered[start : start + KEYS_AT_ONCE]


def _owed(row: Row[Any]) -> OwedReceipt:
    return OwedReceipt(
        row.dispatch_id,
        row.addressee,
        instant(row.admitted_at),
        instant(row.deadline_at),
        bool(row.received),
        bool(row.late),
    )
