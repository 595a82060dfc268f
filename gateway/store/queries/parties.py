"""Reading what happened to deliveries, and whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from gateway.store.schema import deliveries, delivery_events, dispatches


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of a delivery: its number, and the agencies that see it."""

    id: int
    sender: str
    addressee: str


_HAPPENED = (
    select(delivery_events.c.id, dispatches.c.sender, deliveries.c.addressee)
    .join_from(delivery_events, deliveries)
    .join(dispatches)
    .where(delivery_events.c.id > bindparam("after"))
    .order_by(delivery_events.c.id)
    .limit(bindparam("count"))
)


def happened(connection: Connection, after: int, limit: int) -> tuple[Happened, ...]:
    """Changes from behind number `after`, in order."""
    rows = connection.execute(_HAPPENED, {"after": after, "count": limit})
    return tuple(Happened(row.id, row.sender, row.addressee) for row in rows)
