"""What is kept so that an examination can be made again: the packets. (`queries.directory_at`: the directory.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from gateway.model.packet import Attachment
from gateway.store.instants import micros
from gateway.store.queries.register import attachments
from gateway.store.schema import dispatches


@dataclass(frozen=True, slots=True)
class Kept:
    """An admitted packet as it is kept: all that is needed to examine it again."""

    dispatch_id: str
    sender: str
    ledger_index: int
    envelope: bytes
    report_xml: bytes
    attachments: tuple[Attachment, ...]


_KEPT = select(
    dispatches.c.id, dispatches.c.sender, dispatches.c.ledger_index, dispatches.c.report_xml, dispatches.c.envelope
)
_ONE = _KEPT.where(dispatches.c.id == bindparam("id"))
_SINCE = (
    _KEPT.where(dispatches.c.admitted_at >= bindparam("since"), dispatches.c.id > bindparam("after"))
    .order_by(dispatches.c.id)
    .limit(bindparam("count"))
)


def kept(connection: Connection, dispatch_id: str) -> Kept | None:
    """A packet by its dispatch; None where there is no such dispatch."""
    row = connection.execute(_ONE, {"id": dispatch_id}).one_or_none()
    return None if row is None else _kept(connection, row)


def kept_since(connection: Connection, since: datetime, after: str, limit: int) -> tuple[Kept, ...]:
    """Packets admitted at or after an instant, by id from behind `after`."""
    rows = connection.execute(_SINCE, {"since": micros(since), "after": after, "count": limit}).all()
    return tuple(_kept(connection, row) for row in rows)


def _kept(connection: Connection, row: Row[*tuple[Any, ...]]) -> Kept:
    enclosed = attachments(connection, row.id)
    return Kept(row.id, row.sender, row.ledger_index, bytes(row.envelope), bytes(row.report_xml), enclosed)
