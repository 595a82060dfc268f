"""Reading what waits for a system, as the field's transport lists show it: by kind of packet, what is new first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.store.instants import instant
from gateway.store.schema import WAITING, deliveries, delivery_events, dispatches


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A delivery its addressee's system has not finished with."""

    delivery_id: str
    sender: str
    addressed_as: str
    status: DeliveryStatus
    """QUEUED or DELIVERED."""
    admitted_at: datetime
    changed_at: datetime
    """When it came into this status."""


_CHANGED_AT = (
    select(func.max(delivery_events.c.at))
    .where(delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.event == deliveries.c.status)
    .scalar_subquery()
)
_WAITING = (
    select(
        deliveries.c.id,
        deliveries.c.addressed_as,
        deliveries.c.status,
        dispatches.c.sender,
        dispatches.c.admitted_at,
        _CHANGED_AT.label("changed_at"),
    )
    .join_from(deliveries, dispatches)
    .where(deliveries.c.peer == bindparam("peer"), dispatches.c.kind == bindparam("kind"), WAITING)
    .order_by((deliveries.c.status == DeliveryStatus.DELIVERED.value), deliveries.c.ledger_index, deliveries.c.id)
    .limit(bindparam("count"))
)
_COUNT = (
    select(func.count())
    .select_from(deliveries)
    .join(dispatches)
    .where(deliveries.c.peer == bindparam("peer"), dispatches.c.kind == bindparam("kind"), WAITING)
)


def waiting(connection: Connection, peer: str, kind: Kind, limit: int) -> tuple[WaitingRow, ...]:
    """What waits for this peer: first what it has never fetched, then what it has not finished with, each oldest first.

    In this order whatever is never finished with cannot push out what is new.
    """
    rows = connection.execute(_WAITING, {"peer": peer, "kind": kind.value, "count": limit})
    return tuple(
        WaitingRow(
            row.id,
            row.sender,
            row.addressed_as,
            DeliveryStatus(row.status),
            instant(row.admitted_at),
            instant(row.changed_at or row.admitted_at),
        )
        for row in rows
    )


def waiting_count(connection: Connection, peer: str, kind: Kind) -> int:
    """How many `waiting` would list without a limit."""
    return int(connection.execute(_COUNT, {"peer": peer, "kind": kind.value}).scalar_one())
