"""What an auditor reads: the ledger entry by entry, and rows of the register that look odd beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, union

from gateway.ledger.entry import Entry, decode
from gateway.model.delivery import DeliveryStatus
from gateway.model.lifecycle import ChangeKind
from gateway.store.instants import instant, micros
from gateway.store.schema import (
    UNDELIVERED,
    changes,
    deliveries,
    delivery_events,
    dispatch_attachments,
    dispatches,
    erased_attachments,
    ledger_entries,
)

_STREAMED = {"yield_per": 1_000}
_HANDED_OVER = (DeliveryStatus.DELIVERED.value, DeliveryStatus.ACKNOWLEDGED.value)
_SPAN = (dispatches.c.admitted_at >= bindparam("since"), dispatches.c.admitted_at < bindparam("until"))
_LATE = (deliveries.c.status == DeliveryStatus.EXPIRED.value) | (
    UNDELIVERED & (deliveries.c.deadline_at < bindparam("now"))
)
_UNDELIVERED_LATE = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, dispatches.c.ledger_index)
    .join_from(deliveries, dispatches)
    .where(_LATE, *_SPAN)
    .order_by(dispatches.c.ledger_index)
)
_UNACKNOWLEDGED = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, delivery_events.c.ledger_index)
    .join_from(deliveries, dispatches)
    .join(
        delivery_events,
        (delivery_events.c.delivery_id == deliveries.c.id)
        & (delivery_events.c.event == DeliveryStatus.DELIVERED.value),
    )
    .where(deliveries.c.status == DeliveryStatus.DELIVERED.value, deliveries.c.deadline_at < bindparam("now"), *_SPAN)
    .order_by(delivery_events.c.ledger_index)
)
_RECALLED_LATE = (
    select(changes.c.ledger_index, delivery_events.c.ledger_index.label("opened_index"))
    .add_columns(deliveries.c.dispatch_id, deliveries.c.addressee)
    .join_from(changes, deliveries, changes.c.delivery_id == deliveries.c.id)
    .join(dispatches, dispatches.c.id == deliveries.c.dispatch_id)
    .join(delivery_events, delivery_events.c.delivery_id == deliveries.c.id)
    .where(
        changes.c.kind == ChangeKind.RECALL.value,
        or_(delivery_events.c.event.in_(_HANDED_OVER), delivery_events.c.event.in_(("status_03", "status_06"))),
        delivery_events.c.ledger_index < changes.c.ledger_index,
        *_SPAN,
    )
    .order_by(changes.c.ledger_index, delivery_events.c.ledger_index)
)
_RECEIPTS = (
    select(dispatches.c.id, dispatches.c.sender, dispatches.c.ledger_index, dispatches.c.receipt_xml)
    .where(*_SPAN)
    .order_by(dispatches.c.ledger_index)
)
_NUMBERED = (
    select(dispatches.c.sender, dispatches.c.code, dispatches.c.promulgated_on, dispatches.c.ledger_index)
    .where(dispatches.c.kind == "document", dispatches.c.promulgated_on.is_not(None), *_SPAN)
    .order_by(dispatches.c.sender, dispatches.c.ledger_index)
)
_OF_DOCUMENT = select(dispatches.c.id).where(
    or_(dispatches.c.document_id == bindparam("document"), dispatches.c.code == bindparam("document"))
)
_OF_FILE = union(
    *(
        select(one.c.dispatch_id).where(one.c.sha256.in_(bindparam("digests", expanding=True)))
        for one in (dispatch_attachments, erased_attachments)
    )
)


@dataclass(frozen=True, slots=True)
class Span:
    """Of time: from an instant on, until before another; `now` is when it is looked at."""

    since: datetime
    until: datetime
    now: datetime

    @property
    def bounds(self) -> dict[str, int]:
        return {"since": micros(self.since), "until": micros(self.until)}


@dataclass(frozen=True, slots=True)
class OddDelivery:
    """A delivery, and the ledger indexes that show what is odd about it."""

    dispatch_id: str
    addressee: str
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt as it was sealed."""

    dispatch_id: str
    sender: str
    ledger_index: int
    receipt_xml: bytes


@dataclass(frozen=True, slots=True)
class NumberRow:
    """The number and notation of a document, and its day."""

    sender: str
    code: str
    year: int
    ledger_index: int


def every_entry(connection: Connection) -> Iterator[tuple[int, Entry]]:
    """The whole ledger, with its indexes, in constant memory."""
    query = select(ledger_entries.c.ledger_index, ledger_entries.c.entry).order_by(ledger_entries.c.ledger_index)
    for index, entry in connection.execute(query, execution_options=_STREAMED):
        yield index, decode(bytes(entry))


def never_delivered(connection: Connection, span: Span) -> Iterator[OddDelivery]:
    """Receipted, and not delivered by the deadline."""
    bounds = {**span.bounds, "now": micros(span.now)}
    for row in connection.execute(_UNDELIVERED_LATE, bounds, execution_options=_STREAMED):
        yield OddDelivery(row.dispatch_id, row.addressee, (row.ledger_index,))


def never_acknowledged(connection: Connection, span: Span) -> Iterator[OddDelivery]:
    """Handed over, and not acknowledged by the deadline."""
    bounds = {**span.bounds, "now": micros(span.now)}
    for row in connection.execute(_UNACKNOWLEDGED, bounds, execution_options=_STREAMED):
        yield OddDelivery(row.dispatch_id, row.addressee, (row.ledger_index,))


def recalled_after_opening(connection: Connection, span: Span) -> Iterator[OddDelivery]:
    """Asked back after the addressee had it: each request with the first sign that it did."""
    seen: tuple[int, str] | None = None
    for row in connection.execute(_RECALLED_LATE, span.bounds, execution_options=_STREAMED):
        if (row.ledger_index, row.addressee) != seen:
            yield OddDelivery(row.dispatch_id, row.addressee, (row.opened_index, row.ledger_index))
        seen = row.ledger_index, row.addressee


def receipts(connection: Connection, span: Span) -> Iterator[ReceiptRow]:
    """Every receipt, in the order of the ledger."""
    for row in connection.execute(_RECEIPTS, span.bounds, execution_options=_STREAMED):
        yield ReceiptRow(row.id, row.sender, row.ledger_index, bytes(row.receipt_xml))


def numbers(connection: Connection, span: Span) -> Iterator[NumberRow]:
    """Numbers of documents, an agency after the other."""
    for row in connection.execute(_NUMBERED, span.bounds, execution_options=_STREAMED):
        yield NumberRow(row.sender, row.code, int(row.promulgated_on[:4]), row.ledger_index)


def dispatches_of_document(connection: Connection, document: str) -> frozenset[str]:
    """Dispatches of a document id, or of a number and notation."""
    return frozenset(connection.execute(_OF_DOCUMENT, {"document": document}).scalars())


def dispatches_of_bytes(connection: Connection, sha256s: Collection[str]) -> frozenset[str]:
    """Dispatches that hold, or held before it was destroyed, an attachment of one of these digests."""
    return frozenset(connection.execute(_OF_FILE, {"digests": list(sha256s)}).scalars())


def first_instant(connection: Connection) -> datetime | None:
    """When the first dispatch was admitted; None before it."""
    first = connection.execute(select(dispatches.c.admitted_at).order_by(dispatches.c.ledger_index).limit(1)).scalar()
    return None if first is None else instant(first)
