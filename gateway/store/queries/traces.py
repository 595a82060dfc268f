"""Reading for an auditor: finding dispatches by what names them. What they say is in no answer here but one, of which
whoever asks has given a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from gateway.model.delivery import DeliveryStatus
from gateway.store.instants import instant
from gateway.store.queries.search import Sought, ids_of
from gateway.store.schema import deliveries, dispatches

SCANNED_MAX = 20_000
"""Dispatches looked through at once for those in a state; the next page goes on from there."""
STRETCH = 1_000
"""Of them read at a time."""
INSTANT_CHARS = 10
"""Of an identifier; the rest is chance: a delivery's may stand before or behind its dispatch's."""
SAME_INSTANT_MAX = 50


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
    stands: tuple[tuple[str, DeliveryStatus], ...]
    """Each addressee, and where its delivery stands."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look through the register came to."""

    traces: tuple[Trace, ...]
    older: str = ""
    """Where the next page begins; empty: there is none."""


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
_THESE = _TRACE.where(dispatches.c.id.in_(bindparam("ids", expanding=True))).order_by(*_LATEST)
_IDS = (
    select(dispatches.c.id)
    .where(dispatches.c.id >= bindparam("first"), dispatches.c.id < bindparam("before"))
    .order_by(dispatches.c.id.desc())
    .limit(bindparam("count"))
)
_SENT = _IDS.where(dispatches.c.sender == bindparam("agency"))
_RECEIVED = (
    select(deliveries.c.dispatch_id)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id >= bindparam("first"),
        deliveries.c.id < bindparam("before"),
    )
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("count"))
)
_STANDS = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, deliveries.c.status)
    .where(deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id)
)
_SUBJECTS = select(dispatches.c.id, dispatches.c.subject).where(dispatches.c.id.in_(bindparam("ids", expanding=True)))


def traces_named(connection: Connection, written: str, limit: int) -> tuple[Trace, ...]:
    """The dispatches that this is the identifier of: their own, a delivery's, or the document's."""
    for chosen in (_BY_ID, _BY_DELIVERY, _BY_DOCUMENT):
        if rows := connection.execute(chosen.limit(limit), {"written": written}).all():
            return _traces(connection, rows)
    return ()


def traces_of(
    connection: Connection, agencies: Sequence[str], state: str, first: str, before: str, limit: int
) -> Looked:
    """What these agencies sent and received, of ids from `first` to below `before`, the latest first; of none: all.
    `state`: only what has a delivery that stands so."""
    kept: list[Trace] = []
    count, seen = STRETCH if state else limit + 1, 0
    while seen < SCANNED_MAX:
        ids = _stretch(connection, agencies, first, before, count)
        kept += [one for one in _these(connection, ids) if not state or state in {stands for _, stands in one.stands}]
        if len(kept) > limit:
            return Looked(tuple(kept[:limit]), kept[limit - 1].id)
        if len(ids) < count:
            return Looked(tuple(kept))
        before, seen = ids[-1], seen + len(ids)
    return Looked(tuple(kept), before)


def _stretch(connection: Connection, agencies: Sequence[str], first: str, before: str, count: int) -> list[str]:
    """The next dispatches of these agencies, the latest first."""
    values = {"first": first, "before": before, "count": count}
    if not agencies:
        return list(connection.execute(_IDS, values).scalars())
    ids: set[str] = set()
    same = {"before": before[:INSTANT_CHARS] + "Z" * 16, "count": count + SAME_INSTANT_MAX}
    for agency in agencies:
        ids.update(connection.execute(_SENT, values | {"agency": agency}).scalars())
        ids.update(connection.execute(_RECEIVED, values | same | {"agency": agency}).scalars())
    return sorted((one for one in ids if one < before), reverse=True)[:count]


def traces_sought(connection: Connection, sought: Sequence[Sought], limit: int) -> Looked:
    """Documents that one of these finds, the latest first."""
    ids = ids_of(connection, sought, limit + 1)
    return Looked(_these(connection, ids[:limit]), ids[limit - 1] if len(ids) > limit else "")


def subjects(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """What these documents are about: content."""
    return {row.id: row.subject for row in connection.execute(_SUBJECTS, {"ids": list(ids)})}


def _these(connection: Connection, ids: Sequence[str]) -> tuple[Trace, ...]:
    return _traces(connection, connection.execute(_THESE, {"ids": list(ids)}).all())


def _traces(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Trace, ...]:
    stands: defaultdict[str, list[tuple[str, DeliveryStatus]]] = defaultdict(list)
    for row in connection.execute(_STANDS, {"ids": [row.id for row in rows]}):
        stands[row.dispatch_id].append((row.addressee, DeliveryStatus(row.status)))
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
            tuple(stands[row.id]),
        )
        for row in rows
    )
