"""Reading what lies on a clerk's desk: an agency's papers newest first, and the deliveries somebody may have to see to.

Identifiers begin with the instant of admission, so a period is a stretch of the index over (agency, id).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import Reported, processing
from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import SENT_BACK, acts, changes, deliveries, delivery_events, dispatches, statuses

SCANNED_MAX = 2_000
"""Papers of one agency looked through for trouble: more than a busy ministry sends in the period."""

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
    select(*_COLUMNS)
    .where(
        dispatches.c.sender == bindparam("agency"),
        dispatches.c.id >= bindparam("first"),
        dispatches.c.id < bindparam("before"),
        _IS_DOCUMENT,
    )
    .order_by(dispatches.c.id.desc())
    .limit(bindparam("count"))
)
_RECEIVED = (
    select(*_COLUMNS)
    .join_from(deliveries, dispatches)
    .where(
        deliveries.c.addressee == bindparam("agency"),
        deliveries.c.id >= bindparam("first"),
        deliveries.c.id < bindparam("before"),
        _IS_DOCUMENT,
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
_STATUSES = (
    select(statuses)
    .where(statuses.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(statuses.c.ledger_index)
)
_recent = (
    select(dispatches.c.id, dispatches.c.due_on)
    .where(dispatches.c.sender == bindparam("agency"), dispatches.c.id >= bindparam("first"), _IS_DOCUMENT)
    .order_by(dispatches.c.id.desc())
    .limit(SCANNED_MAX)
    .subquery()
)
_TROUBLED = select(deliveries.c.id).where(
    deliveries.c.dispatch_id == _recent.c.id,
    or_(
        deliveries.c.status.in_(("queued", "delivered", "refused", "expired")),
        and_(_recent.c.due_on < bindparam("today"), deliveries.c.status == "acknowledged"),
    ),
)
_came_back = (
    select(delivery_events.c.delivery_id)
    .where(SENT_BACK, delivery_events.c.at >= bindparam("since"))
    .order_by(delivery_events.c.at.desc())
    .limit(SENT_BACK_MAX)
    .subquery()
)
_its_sender = (
    select(dispatches.c.sender)
    .join_from(deliveries, dispatches)
    .where(deliveries.c.id == _came_back.c.delivery_id)
    .scalar_subquery()
)
"""Asked of each row: in a join SQLite would walk everything the agencies ever sent."""
_SENT_BACK = select(_came_back.c.delivery_id).where(_its_sender.in_(bindparam("agencies", expanding=True)))
_NOT_AGREED = (
    select(deliveries.c.id)
    .join_from(changes, deliveries, changes.c.delivery_id == deliveries.c.id)
    .where(
        deliveries.c.dispatch_id == _recent.c.id,
        changes.c.kind == "recall",
        or_(changes.c.answer.is_(None), changes.c.answer == "refused"),
    )
)
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


def sent_papers(connection: Connection, agency: str, first: str, before: str, limit: int) -> tuple[Paper, ...]:
    """Documents an agency sent, newest first, of dispatch ids from `first` to below `before`."""
    values = {"agency": agency, "first": first, "before": before, "count": limit}
    return _with_deliveries(connection, connection.execute(_SENT, values).all(), None)


def received_papers(connection: Connection, agency: str, first: str, before: str, limit: int) -> tuple[Paper, ...]:
    """Documents an agency got, newest first, of delivery ids from `first` to below `before`."""
    values = {"agency": agency, "first": first, "before": before, "count": limit}
    return _with_deliveries(connection, connection.execute(_RECEIVED, values).all(), {agency})


def papers(connection: Connection, ids: Sequence[str]) -> tuple[Paper, ...]:
    """These documents with every delivery, newest first."""
    rows = connection.execute(_PAPERS, {"ids": list(ids)}).all()
    return _with_deliveries(connection, sorted(rows, key=lambda row: str(row.id), reverse=True), None)


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


def troubled(connection: Connection, agency: str, first: str, today: str) -> tuple[str, ...]:
    """Deliveries of what an agency sent since dispatch id `first` that did not arrive, are not acknowledged, are due
    (`today`: yyyy-mm-dd), or whose recall is not agreed to."""
    values = {"agency": agency, "first": first, "today": today}
    found = dict.fromkeys(connection.execute(_TROUBLED, values).scalars())
    return tuple(found | dict.fromkeys(connection.execute(_NOT_AGREED, values).scalars()))


def sent_back_to(connection: Connection, agencies: Sequence[str], since: datetime) -> tuple[str, ...]:
    """Deliveries of what these agencies sent that addressees would not take, since an instant."""
    values = {"since": micros(since), "agencies": list(agencies)}
    return tuple(dict.fromkeys(connection.execute(_SENT_BACK, values).scalars()))


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
