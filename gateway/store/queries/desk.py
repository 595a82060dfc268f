"""Reading what lies on a clerk's desk: an agency's papers newest first, and the deliveries somebody may have to see to.

Identifiers begin with the instant of admission, so a period is a stretch of the index over (agency, id).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import Reported, processing
from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import (
    DATED,
    SENT_BACK,
    UNANSWERED,
    UNSETTLED,
    acts,
    changes,
    deliveries,
    delivery_events,
    dispatches,
    statuses,
)

TROUBLED_MAX = 500
"""Deliveries of each kind of trouble, the oldest first: nobody reads more."""

SENT_BACK_MAX = 20_000
"""Refusals of the whole register looked through, latest first."""


@dataclass(frozen=True, slots=True)
class PaperDelivery:
    """How one delivery of a paper stands."""

    id: str
    dispatch_id: str
    addressee: str
    status: DeliveryStatus
    deadline_at: datetime
    processing: Reported | None = None
    """The latest status its people reported."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of an agency: all its deliveries where the agency sent it, the agency's own where it got it."""

    id: str
    sender: str
    code: str
    subject: str
    business_type: int
    admitted_at: datetime
    due_on: str | None
    priority: int
    deliveries: tuple[PaperDelivery, ...] = ()


_COLUMNS = (
    dispatches.c.id,
    dispatches.c.sender,
    dispatches.c.code,
    dispatches.c.subject,
    dispatches.c.business_type,
    dispatches.c.admitted_at,
    dispatches.c.due_on,
    dispatches.c.priority,
)
_IS_DOCUMENT = dispatches.c.kind == Kind.DOCUMENT.value
_SENT = (
    select(dispatches.c.id)
    .where(
        dispatches.c.sender == bindparam("agency"),
        dispatches.c.id > bindparam("newer"),
        _IS_DOCUMENT,
    )
    .order_by(dispatches.c.id.desc())
    .limit(bindparam("count"))
)
_its_kind = select(dispatches.c.kind).where(dispatches.c.id == deliveries.c.dispatch_id).scalar_subquery()
"""Asked of each row: in a join an engine may begin with every document there is."""
_RECEIVED = (
    select(deliveries.c.id)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id > bindparam("newer"),
        _its_kind == Kind.DOCUMENT.value,
    )
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("count"))
)
_PAPERS = select(*_COLUMNS).where(dispatches.c.id.in_(bindparam("ids", expanding=True)))
_DELIVERIES = (
    select(
        deliveries.c.id,
        deliveries.c.dispatch_id,
        deliveries.c.addressee,
        deliveries.c.status,
        deliveries.c.deadline_at,
    )
    .where(deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id)
)
_OF_DELIVERIES = select(deliveries.c.id, deliveries.c.dispatch_id).where(
    deliveries.c.id.in_(bindparam("ids", expanding=True))
)
_STATUSES = (
    select(statuses)
    .where(statuses.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(statuses.c.ledger_index)
)
_OURS = deliveries.c.sender.in_(bindparam("agencies", expanding=True))
_WANDERING = deliveries.c.sender.concat("").in_(bindparam("agencies", expanding=True))
"""As an expression: by an index over senders SQLite would walk everything they wait for, not the few rows asked of."""
_UNSETTLED = (
    select(deliveries.c.id)
    .where(UNSETTLED, _OURS, deliveries.c.id >= bindparam("first"))
    .order_by(deliveries.c.id)
    .limit(TROUBLED_MAX)
)
_DUE = (
    select(deliveries.c.id)
    .where(
        DATED,
        _OURS,
        deliveries.c.due_on >= bindparam("since_day"),
        deliveries.c.due_on < bindparam("today"),
        deliveries.c.status == DeliveryStatus.ACKNOWLEDGED.value,
    )
    .order_by(deliveries.c.due_on, deliveries.c.id)
    .limit(TROUBLED_MAX)
)
_NOT_GIVEN_BACK = (
    select(changes.c.delivery_id)
    .join(deliveries, deliveries.c.id == changes.c.delivery_id)
    .where(UNANSWERED, changes.c.kind == "recall", _WANDERING)
    .limit(TROUBLED_MAX)
)
_came_back = (
    select(delivery_events.c.delivery_id)
    .where(SENT_BACK, delivery_events.c.at >= bindparam("since"))
    .order_by(delivery_events.c.at.desc())
    .limit(SENT_BACK_MAX)
    .subquery()
)
_SENT_BACK = select(deliveries.c.id).where(deliveries.c.id == _came_back.c.delivery_id, _WANDERING)
_SETTLED = (
    select(acts.c.subject, func.max(acts.c.at).label("at"))
    .where(acts.c.subject.in_(bindparam("ids", expanding=True)), acts.c.action == bindparam("action"))
    .group_by(acts.c.subject)
)
_NEWEST_EVENT = select(func.coalesce(func.max(delivery_events.c.id), 0))
_LATEST = (
    select(delivery_events.c.delivery_id, delivery_events.c.event, delivery_events.c.at, delivery_events.c.detail)
    .where(delivery_events.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .where(delivery_events.c.event.in_(("refused", "expired", "status_02", "reminder")))
    .order_by(delivery_events.c.id)
)


@dataclass(frozen=True, slots=True)
class Sore:
    """What went wrong with a delivery, last of its kind."""

    event: str
    at: datetime
    detail: str


def sent_papers(connection: Connection, agencies: Sequence[str], limit: int) -> tuple[Paper, ...]:
    """The newest documents these agencies sent, newest first."""
    return papers(connection, _newest(connection, _SENT, agencies, limit))


def received_papers(connection: Connection, agencies: Sequence[str], limit: int) -> tuple[Paper, ...]:
    """The newest documents these agencies got, newest first; of several deliveries of one, theirs alone."""
    got = _newest(connection, _RECEIVED, agencies, limit)
    ids = {row.dispatch_id for row in connection.execute(_OF_DELIVERIES, {"ids": got})}
    return _with_deliveries(connection, _rows(connection, tuple(ids)), set(agencies))


def _newest(connection: Connection, query: Select[tuple[str]], agencies: Sequence[str], limit: int) -> list[str]:
    """The newest identifiers of all agencies together. Once a list is full, only what is newer than its end is read:
    of fifty agencies hardly more than of one."""
    found: list[str] = []
    for agency in agencies:
        newer = found[-1] if len(found) == limit else ""
        more = connection.execute(query, {"agency": agency, "newer": newer, "count": limit}).scalars()
        found = sorted({*found, *more}, reverse=True)[:limit]
    return found


def papers(connection: Connection, ids: Sequence[str]) -> tuple[Paper, ...]:
    """These documents with every delivery, newest first."""
    return _with_deliveries(connection, _rows(connection, ids), None)


def _rows(connection: Connection, ids: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    rows = connection.execute(_PAPERS, {"ids": list(ids)}).all()
    return sorted(rows, key=lambda row: str(row.id), reverse=True)


def _with_deliveries(
    connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]], only: set[str] | None
) -> tuple[Paper, ...]:
    since = {row.id: instant(row.admitted_at) for row in rows}
    found = [
        row
        for row in connection.execute(_DELIVERIES, {"ids": list(since)})
        if only is None or row.addressee in only
    ]  # fmt: skip
    told = _told(connection, [row.id for row in found])
    by_dispatch: defaultdict[str, list[PaperDelivery]] = defaultdict(list)
    for row in found:
        latest = processing(told.get(row.id, ()), since[row.dispatch_id])
        by_dispatch[row.dispatch_id].append(
            PaperDelivery(
                row.id, row.dispatch_id, row.addressee, DeliveryStatus(row.status), instant(row.deadline_at), latest
            )
        )
    return tuple(
        Paper(
            row.id,
            row.sender,
            row.code,
            row.subject,
            row.business_type,
            since[row.id],
            row.due_on,
            row.priority or 0,
            tuple(by_dispatch[row.id]),
        )
        for row in rows
    )


def _told(connection: Connection, ids: Sequence[str]) -> dict[str, list[Reported]]:
    told: defaultdict[str, list[Reported]] = defaultdict(list)
    for row in connection.execute(_STATUSES, {"ids": list(ids)}):
        at, stated_at = instant(row.recorded_at), instant_or_none(row.stated_at)
        told[row.delivery_id].append(
            Reported(row.status_code, at, stated_at, row.description, row.dispatch_id, row.ledger_index)
        )
    return told


@dataclass(frozen=True, slots=True)
class Since:
    """From when on trouble is looked for: the instant, the lowest identifier of that instant, and the day that runs."""

    at: datetime
    first: str
    today: date


def troubled(connection: Connection, agencies: Sequence[str], since: Since) -> tuple[str, ...]:
    """Deliveries of what these agencies sent that addressees would not take, that did not arrive, are not
    acknowledged, are due, or whose recall is not answered. Of each kind in turn: much of one hides none of another."""
    values = {
        "agencies": list(agencies),
        "first": since.first,
        "since": micros(since.at),
        "since_day": since.at.date().isoformat(),
        "today": since.today.isoformat(),
    }
    kinds = [connection.execute(query, values).scalars() for query in (_SENT_BACK, _NOT_GIVEN_BACK, _DUE, _UNSETTLED)]
    in_turn = (one for several in zip_longest(*kinds) for one in several if one is not None)
    return tuple(dict.fromkeys(in_turn))


def sores(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, Sore]]:
    """What went wrong with deliveries, by event: refused, expired, status_02; and `reminder`, the latest."""
    found: defaultdict[str, dict[str, Sore]] = defaultdict(dict)
    for row in connection.execute(_LATEST, {"ids": list(ids)}):
        found[row.delivery_id][row.event] = Sore(row.event, instant(row.at), row.detail)
    return found


def acted_on(connection: Connection, ids: Sequence[str], action: str) -> dict[str, datetime]:
    """When people last did `action` to these."""
    rows = connection.execute(_SETTLED, {"ids": list(ids), "action": action})
    return {row.subject: instant(row.at) for row in rows}


def newest_event(connection: Connection) -> int:
    """The number of the latest change of any delivery: a stream goes on from here."""
    return int(connection.execute(_NEWEST_EVENT).scalar_one())
