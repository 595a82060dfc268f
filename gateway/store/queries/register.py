"""Reading the register: packets, what waits for whom, what changed, what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, bindparam, func, literal, literal_column, or_, select, tuple_

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import Answer, ChangeKind
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.admission import Twin, twin_of
from gateway.store.instants import instant, micros
from gateway.store.schema import (
    UNDELIVERED,
    WAITING,
    blobs,
    deliveries,
    delivery_events,
    dispatch_attachments,
    dispatches,
    erased_attachments,
    erasures,
    settings,
    statuses,
)
from gateway.store.schema import changes as changes_table
from gateway.store.schema import refusals as refusals_table
from gateway.store.statements import Prepared

CHANGES_SCANNED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class PacketRow:
    """A packet as it was received, and the receipt its sender holds. Attachments are read by their digest."""

    envelope: bytes
    attachments: tuple[Attachment, ...]
    receipt_xml: bytes
    report_xml: bytes
    packet_digest: str
    admitted_at: datetime
    destroyed: str | None = None
    """SHA-256 of the certificate that the content was destroyed; None while it is kept."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as it stands."""

    id: str
    dispatch_id: str
    addressee: str
    addressed_as: str
    peer: str
    status: DeliveryStatus
    deadline_at: datetime
    given_back: str | None = None
    """The recall the addressee agreed to; None where there is none."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A delivery that waits for its addressee's system."""

    delivery_id: str
    dispatch_id: str
    addressee: str
    addressed_as: str
    kind: Kind
    code: str
    subject: str
    sender: str
    admitted_at: datetime
    size_bytes: int
    """Of the envelope and the decoded attachments."""
    business_type: int = 0
    status_code: str | None = None
    """Of a status packet."""
    duplicate_of: str | None = None
    """The dispatch it repeats, by number or by identifier."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a delivery. Numbers grow in the order of commits, so whoever has seen one has seen all before it."""

    id: int
    dispatch_id: str
    delivery_id: str
    event: str
    """The delivery's status from then on."""
    at: datetime
    addressee: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of changes, as one peer may see them."""

    found: tuple[Change, ...]
    seen: int
    """The number up to which all was looked at: where to go on."""
    complete: bool
    """Nothing is behind `seen` yet."""


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A submission that was refused."""

    id: int
    peer: str
    packet_digest: str | None
    reason: str
    at: datetime
    ledger_index: int | None


_TWIN = select(
    dispatches.c.id,
    dispatches.c.packet_digest,
    dispatches.c.ledger_index,
    dispatches.c.admitted_at,
    dispatches.c.receipt_xml,
).where(dispatches.c.packet_digest == bindparam("digest"), dispatches.c.peer == bindparam("peer"))
_PACKET = Prepared(
    select(
        dispatches.c.envelope,
        dispatches.c.receipt_xml,
        dispatches.c.report_xml,
        dispatches.c.packet_digest,
        dispatches.c.admitted_at,
        erasures.c.destruction,
    )
    .join_from(dispatches, erasures, isouter=True)
    .where(dispatches.c.id == bindparam("id")),
    "id",
)
_ATTACHMENTS = Prepared(
    select(
        dispatch_attachments.c.content_id,
        dispatch_attachments.c.content_type,
        dispatch_attachments.c.name,
        dispatch_attachments.c.description,
        dispatch_attachments.c.sha256,
        dispatch_attachments.c.size_bytes,
        dispatch_attachments.c.wrapped,
    )
    .where(dispatch_attachments.c.dispatch_id == bindparam("id"))
    .order_by(dispatch_attachments.c.number),
    "id",
)
_BLOB = Prepared(select(blobs.c.data).where(blobs.c.sha256 == bindparam("sha256")), "sha256")
_CERTIFICATE = (
    select(erasures.c.destruction)
    .join_from(erased_attachments, erasures, erased_attachments.c.dispatch_id == erasures.c.dispatch_id)
    .where(erased_attachments.c.sha256 == bindparam("sha256"))
    .order_by(erasures.c.ledger_index.desc())
    .limit(1)
)
_GIVEN_BACK = (
    select(func.min(changes_table.c.dispatch_id))
    .where(
        changes_table.c.delivery_id == deliveries.c.id,
        changes_table.c.answer == literal_column(f"'{Answer.DONE}'"),
        changes_table.c.kind == literal_column(f"'{ChangeKind.RECALL}'"),
    )
    .scalar_subquery()
)
_AS_IT_STANDS = (
    deliveries.c.id,
    deliveries.c.dispatch_id,
    deliveries.c.addressee,
    deliveries.c.addressed_as,
    deliveries.c.peer,
    deliveries.c.status,
    deliveries.c.deadline_at,
)
_DELIVERY = Prepared(
    select(*_AS_IT_STANDS, _GIVEN_BACK.label("given_back")).where(deliveries.c.id == bindparam("id")), "id"
)
_ATTACHED_BYTES = (
    select(func.coalesce(func.sum(dispatch_attachments.c.size_bytes), 0))
    .where(dispatch_attachments.c.dispatch_id == dispatches.c.id)
    .scalar_subquery()
)
_last = deliveries.alias("last")
_AFTER_INDEX = func.coalesce(
    select(_last.c.ledger_index).where(_last.c.id == bindparam("after")).scalar_subquery(), literal(-1)
)
"""An inbox is read in the order of commits; behind an unknown delivery it begins anew, so that nothing is missed."""
_INBOX = (
    select(
        deliveries.c.id,
        deliveries.c.dispatch_id,
        deliveries.c.addressee,
        deliveries.c.addressed_as,
        dispatches.c.kind,
        dispatches.c.code,
        dispatches.c.subject,
        dispatches.c.sender,
        dispatches.c.admitted_at,
        (func.length(dispatches.c.envelope) + _ATTACHED_BYTES).label("size_bytes"),
        dispatches.c.business_type,
        statuses.c.status_code,
        dispatches.c.duplicate_of,
    )
    .join_from(deliveries, dispatches)
    .outerjoin(statuses, statuses.c.dispatch_id == dispatches.c.id)
    .where(
        deliveries.c.peer == bindparam("peer"),
        tuple_(deliveries.c.ledger_index, deliveries.c.id) > tuple_(_AFTER_INDEX, bindparam("after")),
        WAITING,
    )
    .order_by(deliveries.c.ledger_index, deliveries.c.id)
    .limit(bindparam("count"))
)
_OVERDUE = (
    select(*_AS_IT_STANDS)
    .where(deliveries.c.deadline_at <= bindparam("now"), UNDELIVERED)
    .order_by(deliveries.c.deadline_at)
    .limit(bindparam("count"))
)
_CHANGES = (
    select(delivery_events, deliveries.c.dispatch_id, deliveries.c.addressee)
    .join_from(delivery_events, deliveries)
    .join(dispatches)
    .where(
        delivery_events.c.id > bindparam("after"),
        delivery_events.c.id <= bindparam("last"),
        or_(dispatches.c.peer == bindparam("peer"), deliveries.c.peer == bindparam("peer")),
    )
    .order_by(delivery_events.c.id)
    .limit(bindparam("count"))
)
_NEWEST_CHANGE = select(func.coalesce(func.max(delivery_events.c.id), 0))
_REFUSALS = (
    select(refusals_table)
    .where(refusals_table.c.id > bindparam("after"))
    .order_by(refusals_table.c.id)
    .limit(bindparam("count"))
)
_SETTING = select(settings.c.value).where(settings.c.name == bindparam("name"))


def twin(connection: Connection, peer: str, packet_digest: str) -> Twin | None:
    """What was recorded when this peer's packet was admitted; None where it was not."""
    row = connection.execute(_TWIN, {"peer": peer, "digest": packet_digest}).one_or_none()
    return None if row is None else twin_of(row)


def packet(connection: Connection, dispatch_id: str) -> PacketRow:
    """The packet of a dispatch. KeyError where there is no such dispatch."""
    rows = _PACKET.rows(connection, dispatch_id)
    if not rows:
        raise KeyError(dispatch_id)
    envelope, receipt_xml, report_xml, digest, admitted_at, destruction = rows[0]
    enclosed = attachments(connection, dispatch_id)
    return PacketRow(envelope, enclosed, receipt_xml, report_xml, digest, instant(admitted_at), destruction)


def attachments(connection: Connection, dispatch_id: str) -> tuple[Attachment, ...]:
    """The attachments of a dispatch, in their order."""
    return tuple(
        Attachment(content_id, content_type, name, description, sha256, size_bytes, bool(wrapped))
        for content_id, content_type, name, description, sha256, size_bytes, wrapped in _ATTACHMENTS.rows(
            connection, dispatch_id
        )
    )


def blob_data(connection: Connection, sha256: str) -> bytes | None:
    """The bytes of a small attachment; None where it is a file.

    Where no dispatch has such an attachment any more, Refused(request.state_conflict): it was destroyed, maybe since
    its reader looked its dispatch up. KeyError where none ever had.
    """
    if rows := _BLOB.rows(connection, sha256):
        return cast(bytes | None, rows[0][0])
    certificate = connection.execute(_CERTIFICATE, {"sha256": sha256}).scalar()
    if certificate is None:
        raise KeyError(sha256)
    raise Refused(found(Reason.STATE_CONFLICT, fault="destroyed", certificate=certificate))


def delivery(connection: Connection, delivery_id: str) -> DeliveryRow | None:
    """A delivery as it stands; None where there is none of that id."""
    rows = _DELIVERY.rows(connection, delivery_id)
    return _delivery(*rows[0]) if rows else None


def delivered_packet(connection: Connection, delivery_id: str) -> tuple[DeliveryRow, PacketRow] | None:
    """A delivery as it stands and the packet it is of, at one moment; None where there is none of that id."""
    row = delivery(connection, delivery_id)
    return None if row is None else (row, packet(connection, row.dispatch_id))


def inbox(connection: Connection, peer: str, after: str | None, limit: int) -> tuple[InboxItem, ...]:
    """Deliveries this peer has not yet answered for, oldest first, from behind delivery `after`."""
    rows = connection.execute(_INBOX, {"peer": peer, "after": after or "", "count": limit})
    return tuple(
        InboxItem(
            row.id,
            row.dispatch_id,
            row.addressee,
            row.addressed_as,
            Kind(row.kind),
            row.code,
            row.subject,
            row.sender,
            instant(row.admitted_at),
            int(row.size_bytes),
            row.business_type,
            row.status_code,
            row.duplicate_of,
        )
        for row in rows
    )


def overdue(connection: Connection, now: datetime, limit: int) -> tuple[DeliveryRow, ...]:
    """Deliveries whose deadline has passed and that nobody has fetched."""
    rows = connection.execute(_OVERDUE, {"now": micros(now), "count": limit})
    return tuple(_delivery(*row) for row in rows)


def changes(
    connection: Connection, peer: str, after: int, limit: int, scanned_max: int = CHANGES_SCANNED_MAX
) -> Changes:
    """Changes of deliveries this peer sent or collects, from behind number `after`.

    No more than `scanned_max` are looked at, whosever they are: a peer that begins at 0 reads a long history in steps
    that leave the reader to others in between.
    """
    newest = int(connection.execute(_NEWEST_CHANGE).scalar_one())
    last = min(newest, after + scanned_max)
    rows = connection.execute(_CHANGES, {"peer": peer, "after": after, "last": last, "count": limit})
    found = tuple(
        Change(row.id, row.dispatch_id, row.delivery_id, row.event, instant(row.at), row.addressee) for row in rows
    )
    seen = found[-1].id if len(found) == limit else max(after, last)
    return Changes(found, seen, complete=seen >= newest)


def refusals(connection: Connection, after: int, limit: int) -> tuple[RefusalRow, ...]:
    """Refused submissions, in the order they were recorded, from behind number `after`."""
    rows = connection.execute(_REFUSALS, {"after": after, "count": limit})
    return tuple(
        RefusalRow(row.id, row.peer, row.packet_digest, row.reason, instant(row.at), row.ledger_index) for row in rows
    )


def setting(connection: Connection, name: str) -> str | None:
    """What this installation was told once (`PutSetting`)."""
    value: str | None = connection.execute(_SETTING, {"name": name}).scalar()
    return value


def _delivery(
    delivery_id: str,
    dispatch_id: str,
    addressee: str,
    addressed_as: str,
    peer: str,
    status: str,
    deadline_at: int,
    given_back: str | None = None,
) -> DeliveryRow:
    """From the columns `_AS_IT_STANDS`."""
    return DeliveryRow(
        delivery_id,
        dispatch_id,
        addressee,
        addressed_as,
        peer,
        DeliveryStatus(status),
        instant(deadline_at),
        given_back,
    )
