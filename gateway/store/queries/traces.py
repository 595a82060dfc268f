"""Reading for an auditor: finding dispatches by what names them. What they say is in no answer here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from gateway.store.instants import instant
from gateway.store.schema import deliveries, dispatches


@dataclass(frozen=True, slots=True)
class Trace:
    """A dispatch, as far as its events tell of it."""

    id: str
    kind: str
    business_type: int
    peer: str
    sender: str
    document_id: str | None
    code: str
    admitted_at: datetime
    ledger_index: int


_TRACE = select(
    dispatches.c.id,
    dispatches.c.kind,
    dispatches.c.business_type,
    dispatches.c.peer,
    dispatches.c.sender,
    dispatches.c.document_id,
    dispatches.c.code,
    dispatches.c.admitted_at,
    dispatches.c.ledger_index,
)
_LATEST = (dispatches.c.id.desc(),)
_BY_ID = _TRACE.where(dispatches.c.id == bindparam("written"))
_BY_DELIVERY = _TRACE.join_from(deliveries, dispatches).where(deliveries.c.id == bindparam("written"))
_BY_DOCUMENT = _TRACE.where(dispatches.c.document_id == bindparam("written")).order_by(*_LATEST)
_BETWEEN = (dispatches.c.id >= bindparam("first"), dispatches.c.id < bindparam("before"))
_SENT = _TRACE.where(dispatches.c.sender == bindparam("agency"), *_BETWEEN).order_by(*_LATEST)
_RECEIVED = (
    _TRACE.join_from(deliveries, dispatches)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id >= bindparam("first"),
        deliveries.c.id < bindparam("before"),
    )
    .order_by(deliveries.c.id.desc())
)
_ALL = _TRACE.where(*_BETWEEN).order_by(*_LATEST)


def traces_named(connection: Connection, written: str, limit: int) -> tuple[Trace, ...]:
    """The dispatches that this is the identifier of: their own, a delivery's, or the document's."""
    for chosen in (_BY_ID, _BY_DELIVERY, _BY_DOCUMENT):
        if found := _traces(connection, chosen, limit, written=written):
            return found
    return ()


def traces_of(connection: Connection, agency: str, first: str, before: str, limit: int) -> tuple[Trace, ...]:
    """What an agency sent and received, of ids from `first` to below `before`, the latest first; of no agency: all."""
    if not agency:
        return _traces(connection, _ALL, limit, first=first, before=before)
    sent = _traces(connection, _SENT, limit, agency=agency, first=first, before=before)
    received = _traces(connection, _RECEIVED, limit, agency=agency, first=first, before=before)
    found = {one.id: one for one in (*sent, *received)}
    return tuple(sorted(found.values(), key=lambda one: one.id, reverse=True)[:limit])


def _traces(connection: Connection, chosen: Select[Any], limit: int, **values: str) -> tuple[Trace, ...]:
    return tuple(
        Trace(
            row.id,
            row.kind,
            row.business_type,
            row.peer,
            row.sender,
            row.document_id,
            row.code,
            instant(row.admitted_at),
            row.ledger_index,
        )
        for row in connection.execute(chosen.limit(limit), values)
    )
