"""Reading the registers of Decree 30/2020: an agency's documents of a period, oldest first, counted from the year's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.model.dispatch import Kind
from gateway.store.instants import instant
from gateway.store.schema import deliveries, delivery_events, dispatches

_IS_DOCUMENT = dispatches.c.kind == Kind.DOCUMENT.value


@dataclass(frozen=True, slots=True)
class BookRow:
    """A line of a register, before its packet is read."""

    id: str
    mark: str
    """Where the next page begins: the dispatch's identifier in the outgoing book, the delivery's in the incoming."""
    sender: str
    code: str
    subject: str
    business_type: int
    priority: int
    admitted_at: datetime
    envelope: bytes
    """Empty where the content was erased."""
    addressees: tuple[str, ...]
    events: frozenset[str]
    """What happened to its deliveries; of the incoming book, to the agency's own."""


_COLUMNS = (
    dispatches.c.id,
    dispatches.c.sender,
    dispatches.c.code,
    dispatches.c.subject,
    dispatches.c.business_type,
    dispatches.c.priority,
    dispatches.c.admitted_at,
    dispatches.c.envelope,
)
_OUTGOING = (
    select(*_COLUMNS, dispatches.c.id.label("mark"))
    .where(
        dispatches.c.sender == bindparam("agency"),
        dispatches.c.id > bindparam("after"),
        dispatches.c.id < bindparam("before"),
        _IS_DOCUMENT,
    )
    .order_by(dispatches.c.id)
    .limit(bindparam("count"))
)
_INCOMING = (
    select(*_COLUMNS, deliveries.c.id.label("mark"))
    .join_from(deliveries, dispatches)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id > bindparam("after"),
        deliveries.c.id < bindparam("before"),
        _IS_DOCUMENT,
    )
    .order_by(deliveries.c.id)
    .limit(bindparam("count"))
)
_BEFORE_OUTGOING = (
    select(func.count())
    .select_from(dispatches)
    .where(
        dispatches.c.sender == bindparam("agency"),
        dispatches.c.id >= bindparam("first"),
        dispatches.c.id <= bindparam("after"),
        _IS_DOCUMENT,
    )
)
_BEFORE_INCOMING = (
    select(func.count())
    .select_from(deliveries)
    .join(dispatches)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id >= bindparam("first"),
        deliveries.c.id <= bindparam("after"),
        _IS_DOCUMENT,
    )
)
_EVENTS = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, delivery_events.c.event)
    .join_from(deliveries, delivery_events)
    .where(deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id, delivery_events.c.id)
)


@dataclass(frozen=True, slots=True)
class BookPage:
    """Some lines of a register, and the number within the year that comes before the first of them."""

    rows: tuple[BookRow, ...]
    numbered_after: int


def book(
    connection: Connection, agency: str, outgoing: bool, year_first: str, after: str, before: str, limit: int
) -> BookPage:
    """Lines of an agency's outgoing or incoming register, of identifiers behind `after` and below `before`; numbers
    count from `year_first`, the lowest identifier of the year."""
    values = {"agency": agency, "after": after, "before": before, "count": limit}
    found = connection.execute(_OUTGOING if outgoing else _INCOMING, values).all()
    counting = _BEFORE_OUTGOING if outgoing else _BEFORE_INCOMING
    number = connection.execute(counting, {"agency": agency, "first": year_first, "after": after}).scalar_one()
    return BookPage(_rows(connection, found, agency, outgoing), int(number))


def _rows(
    connection: Connection, found: Sequence[Row[*tuple[Any, ...]]], agency: str, outgoing: bool
) -> tuple[BookRow, ...]:
    events: defaultdict[str, set[str]] = defaultdict(set)
    addressees: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in connection.execute(_EVENTS, {"ids": [row.id for row in found]}):
        if outgoing or row.addressee == agency:
            events[row.dispatch_id].add(row.event)
            addressees[row.dispatch_id][row.addressee] = None
    return tuple(
        BookRow(
            row.id,
            row.mark,
            row.sender,
            row.code,
            row.subject,
            row.business_type,
            row.priority or 0,
            instant(row.admitted_at),
            bytes(row.envelope),
            tuple(addressees[row.id]),
            frozenset(events[row.id]),
        )
        for row in found
    )
