"""Reading how the gateway runs: what waits for whom and since when, what failed, what operators did, what flows.

Identifiers begin with the instant of admission, so the oldest of a queue is its smallest, and a period is a stretch of
the primary key. Nothing here reads more rows than wait, or than `limit` names: a page is as fast after a million
dispatches as after the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, func, select

from gateway.model.delivery import DeliveryStatus, Outcome
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import HELD, WAITING, acts, attempts, deliveries, delivery_events, dispatches


@dataclass(frozen=True, slots=True)
class Queue:
    """What one addressee has not finished with."""

    addressee: str
    queued: int
    """Not handed over yet."""
    unanswered: int
    """Handed over, neither acknowledged nor refused."""
    held: int
    oldest: str | None
    """The earliest delivery of those queued; None: none is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as an operator sees it: how it stands, not what it carries."""

    id: str
    dispatch_id: str
    addressee: str
    sender: str
    peer: str
    push: bool
    status: DeliveryStatus
    admitted_at: datetime
    deadline_at: datetime
    next_attempt_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to push."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    detail: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """Somebody did something, and said why."""

    ledger_index: int
    by: str
    action: str
    subject: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets of one kind from one agency to another."""

    sender: str
    addressee: str
    kind: str
    business_type: int
    count: int


_QUEUED = deliveries.c.status == DeliveryStatus.QUEUED.value
_QUEUES = (
    select(
        deliveries.c.addressee,
        func.count().label("open"),
        func.count(case((_QUEUED, 1))).label("queued"),
        func.min(case((_QUEUED, deliveries.c.id))).label("oldest"),
    )
    .where(WAITING)
    .group_by(deliveries.c.addressee)
)
_HELD = select(deliveries.c.addressee, func.count().label("held")).where(HELD).group_by(deliveries.c.addressee)
_STANDING = select(
    deliveries.c.id,
    deliveries.c.dispatch_id,
    deliveries.c.addressee,
    deliveries.c.peer,
    deliveries.c.push,
    deliveries.c.status,
    deliveries.c.deadline_at,
    deliveries.c.next_attempt_at,
    deliveries.c.attempts,
    dispatches.c.sender,
    dispatches.c.admitted_at,
).join_from(deliveries, dispatches)
_WHERE_TO = select(deliveries.c.id, deliveries.c.addressee)
_FAILED_STATUSES = (DeliveryStatus.REFUSED.value, DeliveryStatus.EXPIRED.value)
_TAKEN = (DeliveryStatus.DELIVERED.value, DeliveryStatus.ACKNOWLEDGED.value)
_TRIES = select(attempts).where(attempts.c.delivery_id == bindparam("delivery")).order_by(attempts.c.number.desc())
_ACTS = select(acts).order_by(acts.c.ledger_index.desc()).limit(bindparam("count"))
_LATEST = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee)
    .where(deliveries.c.id >= bindparam("first"))
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("count"))
    .subquery()
)
_WHOSE = (dispatches.c.sender, _LATEST.c.addressee, dispatches.c.kind, dispatches.c.business_type)
_FLOW = (
    select(*_WHOSE, func.count().label("packets"))
    .join_from(_LATEST, dispatches, dispatches.c.id == _LATEST.c.dispatch_id)
    .group_by(*_WHOSE)
)


_LAST_TAKEN = (
    select(delivery_events.c.at)
    .join(deliveries, deliveries.c.id == delivery_events.c.delivery_id)
    .where(deliveries.c.addressee == bindparam("whose"), delivery_events.c.event.in_(_TAKEN))
    .order_by(deliveries.c.id.desc(), delivery_events.c.id.desc())
    .limit(1)
)


def last_taken(connection: Connection, addressee: str) -> datetime | None:
    """When a system last took, or acknowledged, the newest document that one took for an addressee; None: never."""
    return instant_or_none(connection.execute(_LAST_TAKEN, {"whose": addressee}).scalar())


def queues(connection: Connection) -> tuple[Queue, ...]:
    """What waits, by addressee: the longest waiting first, then those of whom only an answer is missing."""
    held = {row.addressee: int(row.held) for row in connection.execute(_HELD)}
    found = [
        Queue(row.addressee, row.queued, row.open - row.queued, held.pop(row.addressee, 0), row.oldest)
        for row in connection.execute(_QUEUES)
    ]
    found += [Queue(addressee, 0, 0, count, None) for addressee, count in held.items()]
    return tuple(sorted(found, key=lambda one: (one.oldest is None, one.oldest or "", one.addressee)))


def waiting_deliveries(connection: Connection, addressee: str | None, limit: int) -> tuple[Standing, ...]:
    """Deliveries that wait to be handed over, the oldest first; of one addressee where one is named."""
    return _standings(connection, _first_of(_WHERE_TO.where(WAITING, _QUEUED), addressee, limit))


def held_deliveries(connection: Connection, addressee: str | None, limit: int) -> tuple[Standing, ...]:
    """Deliveries an operator keeps back, the oldest first."""
    return _standings(connection, _first_of(_WHERE_TO.where(HELD), addressee, limit))


def failed_deliveries(connection: Connection, addressee: str | None, first: str, limit: int) -> tuple[Standing, ...]:
    """Deliveries since id `first` that were refused or expired, the latest first."""
    chosen = _STANDING.where(deliveries.c.id >= first, deliveries.c.status.in_(_FAILED_STATUSES))
    return _standings(connection, _of(chosen, addressee).order_by(deliveries.c.id.desc()).limit(limit))


def standing(connection: Connection, delivery_id: str) -> Standing | None:
    """One delivery; None where there is none of that id."""
    found = _standings(connection, _STANDING.where(deliveries.c.id == delivery_id))
    return found[0] if found else None


def tries(connection: Connection, delivery_id: str) -> tuple[Try, ...]:
    """The attempts to push a delivery, the latest first."""
    return tuple(
        Try(
            row.number,
            instant(row.started_at),
            instant_or_none(row.ended_at),
            Outcome(row.outcome) if row.outcome else None,
            row.detail,
        )
        for row in connection.execute(_TRIES, {"delivery": delivery_id})
    )


def acts_before(connection: Connection, before: int | None, by: str | None, limit: int) -> tuple[ActRow, ...]:
    """What people did, the latest first, below an index of the ledger; of one person where one is named."""
    chosen = _ACTS if before is None else _ACTS.where(acts.c.ledger_index < before)
    chosen = chosen if by is None else chosen.where(acts.c.by == by)
    return tuple(map(_act, connection.execute(chosen, {"count": limit})))


def acts_on(connection: Connection, subjects: Sequence[str]) -> tuple[ActRow, ...]:
    """What people did to these, the latest first."""
    chosen = select(acts).where(acts.c.subject.in_(subjects)).order_by(acts.c.ledger_index.desc())
    return tuple(map(_act, connection.execute(chosen)))


def flow(connection: Connection, first: str, limit: int) -> tuple[Flow, ...]:
    """What the latest deliveries since id `first` carried, and between whom."""
    return tuple(
        Flow(row.sender, row.addressee, row.kind, row.business_type, row.packets)
        for row in connection.execute(_FLOW, {"first": first, "count": limit})
    )


def _first_of(few: Select[Any], addressee: str | None, limit: int) -> Select[Any]:
    """The oldest of few deliveries. All of these are found first, by an index that has no others: asked for their order
    or their addressee at once, a database walks through every delivery there ever was."""
    found = few.cte("found").prefix_with("MATERIALIZED")
    oldest = select(found.c.id).order_by(found.c.id).limit(limit)
    chosen = oldest if addressee is None else oldest.where(found.c.addressee == addressee)
    return _STANDING.where(deliveries.c.id.in_(chosen)).order_by(deliveries.c.id)


def _of(chosen: Select[Any], addressee: str | None) -> Select[Any]:
    return chosen if addressee is None else chosen.where(deliveries.c.addressee == addressee)


def _standings(connection: Connection, chosen: Select[Any]) -> tuple[Standing, ...]:
    return tuple(
        Standing(
            row.id,
            row.dispatch_id,
            row.addressee,
            row.sender,
            row.peer,
            row.push,
            DeliveryStatus(row.status),
            instant(row.admitted_at),
            instant(row.deadline_at),
            instant(row.next_attempt_at),
            row.attempts,
        )
        for row in connection.execute(chosen)
    )


def _act(row: Row[Any]) -> ActRow:
    return ActRow(row.ledger_index, row.by, row.action, row.subject, instant(row.at), row.reason)
