"""Reading a dispatch whole: its attachments, every addressee, every attempt, every step."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from gateway.model.delivery import Attempt, Delivery, DeliveryStatus, Outcome, TimelineEvent
from gateway.model.dispatch import Dispatch, Duplicate, Kind
from gateway.model.lifecycle import processing
from gateway.store.instants import instant, instant_or_none
from gateway.store.operated import BY_OPERATOR
from gateway.store.queries.life import asked, reports, said
from gateway.store.queries.register import attachments
from gateway.store.schema import attempts, deliveries, delivery_events, dispatches

_COLUMNS = [column for column in dispatches.columns if column.name not in {"envelope", "receipt_xml", "report_xml"}]
_DISPATCH = select(*_COLUMNS).where(dispatches.c.id == bindparam("id"))
_OF_DOCUMENT = (
    select(*_COLUMNS)
    .where(dispatches.c.document_id == bindparam("document_id"), dispatches.c.peer == bindparam("peer"))
    .order_by(dispatches.c.id)
)
_DELIVERIES = select(deliveries).where(deliveries.c.dispatch_id == bindparam("id")).order_by(deliveries.c.id)
_ATTEMPTS = (
    select(attempts)
    .join_from(attempts, deliveries)
    .where(deliveries.c.dispatch_id == bindparam("id"))
    .order_by(attempts.c.number)
)
_EVENTS = (
    select(delivery_events)
    .join_from(delivery_events, deliveries)
    .where(deliveries.c.dispatch_id == bindparam("id"))
    .order_by(delivery_events.c.id)
)


def dispatch(connection: Connection, dispatch_id: str) -> Dispatch | None:
    """A dispatch with everything that happened to it."""
    row = connection.execute(_DISPATCH, {"id": dispatch_id}).one_or_none()
    return None if row is None else _dispatch(connection, row)


def dispatches_of(connection: Connection, peer: str, document_id: str) -> tuple[Dispatch, ...]:
    """What this peer sent under a document id, oldest first: the document, and what changed it later."""
    rows = connection.execute(_OF_DOCUMENT, {"peer": peer, "document_id": document_id}).all()
    return tuple(_dispatch(connection, row) for row in rows)


def _dispatch(connection: Connection, row: Row[*tuple[Any, ...]]) -> Dispatch:
    return Dispatch(
        id=row.id,
        kind=Kind(row.kind),
        peer=row.peer,
        sender=row.sender,
        document_id=row.document_id,
        code=row.code,
        subject=row.subject,
        business_type=row.business_type,
        packet_digest=row.packet_digest,
        admitted_at=instant(row.admitted_at),
        ledger_index=row.ledger_index,
        attachments=attachments(connection, row.id),
        deliveries=_deliveries(connection, row),
        said=said(connection, row.id),
        due_on=None if row.due_on is None else date.fromisoformat(row.due_on),
        priority=row.priority,
        duplicate=None if row.duplicate_of is None else Duplicate(row.duplicate_of, row.duplicate_by),
    )


def _detail(row: Row[*tuple[Any, ...]]) -> str:
    """What a step says beside its name. Once an operator's own words stood here, which are not the peers'."""
    held_or_released = row.event in (DeliveryStatus.HELD, DeliveryStatus.QUEUED)
    return BY_OPERATOR if row.detail and held_or_released else str(row.detail)


def _deliveries(connection: Connection, of: Row[*tuple[Any, ...]]) -> tuple[Delivery, ...]:
    dispatch_id = of.id
    told = reports(connection, dispatch_id)
    changed = asked(connection, of, told)
    tries: defaultdict[str, list[Attempt]] = defaultdict(list)
    for row in connection.execute(_ATTEMPTS, {"id": dispatch_id}):
        outcome = Outcome(row.outcome) if row.outcome else None
        tries[row.delivery_id].append(
            Attempt(
                row.number,
                instant(row.started_at),
                instant_or_none(row.ended_at),
                outcome,
                row.detail,
                row.ledger_index,
            )
        )
    steps: defaultdict[str, list[TimelineEvent]] = defaultdict(list)
    for row in connection.execute(_EVENTS, {"id": dispatch_id}):
        steps[row.delivery_id].append(TimelineEvent(row.event, instant(row.at), _detail(row), row.ledger_index))
    return tuple(
        Delivery(
            row.id,
            row.dispatch_id,
            row.addressee,
            row.addressed_as,
            DeliveryStatus(row.status),
            instant(row.deadline_at),
            tuple(tries[row.id]),
            tuple(steps[row.id]),
            processing(told.get(row.id, ()), instant(of.admitted_at)),
            tuple(changed.get(row.id, ())),
        )
        for row in connection.execute(_DELIVERIES, {"id": dispatch_id})
    )
