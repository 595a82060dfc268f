"""Reading what deadlines rest on: candidates, a page at a time by an index, and the facts of some deliveries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select, tuple_

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import (
    DATED,
    SENT_BACK,
    UNANSWERED,
    WAITING,
    changes,
    deliveries,
    delivery_events,
    dispatches,
    mails,
)

RECEIVED = ("acknowledged", "status_01", "status_02", "status_03", "status_04", "status_05", "status_06")
"""Events that tell the sender of the receipt."""
FINISHED = "status_06"
NOT_TAKEN = "status_02"


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """What is known of the delivery of a document. Instants are None where it has not happened."""

    delivery_id: str
    dispatch_id: str
    sender: str
    addressee: str
    status: DeliveryStatus
    admitted_at: datetime
    code: str = ""
    subject: str = ""
    priority: int = 0
    due_on: date | None = None
    received_at: datetime | None = None
    """Acknowledged by its system, or any processing status told."""
    finished_at: datetime | None = None
    """Status 06."""
    closed: bool = False
    """Not taken by its people (status 02), or recalled with their consent."""
    recall_asked_at: datetime | None = None
    """Of a recall that is not answered."""
    recall_deadline_at: datetime | None = None
    reminded: frozenset[tuple[str, int]] = frozenset()
    """What its people were reminded of, and at which step."""


_OPEN_AFTER = tuple_(deliveries.c.addressee, deliveries.c.id) > tuple_(bindparam("addressee"), bindparam("id"))
_OPEN = (
    select(deliveries.c.addressee, deliveries.c.id)
    .where(WAITING, _OPEN_AFTER)
    .order_by(deliveries.c.addressee, deliveries.c.id)
    .limit(bindparam("count"))
)
_OPEN_OF = (
    select(deliveries.c.id)
    .where(WAITING, deliveries.c.addressee.in_(bindparam("addressees", expanding=True)), deliveries.c.id > "")
    .order_by(deliveries.c.id)
    .limit(bindparam("count"))
)
"""The bound on ids says nothing, but by it SQLite takes the index of what waits, not that of all there ever was."""
_ONE_OF = deliveries.c.addressee.concat("").in_(bindparam("addressees", expanding=True))
"""As an expression: by the index over addressees SQLite would walk everything they ever got."""
_DATED = (
    select(dispatches.c.due_on, dispatches.c.id)
    .where(
        DATED,
        tuple_(dispatches.c.due_on, dispatches.c.id) > tuple_(bindparam("day"), bindparam("id")),
        dispatches.c.due_on <= bindparam("until"),
    )
    .order_by(dispatches.c.due_on, dispatches.c.id)
    .limit(bindparam("count"))
)
_OF_DISPATCHES = select(deliveries.c.id).where(deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)))
_DUE_TO = (
    select(deliveries.c.id)
    .where(
        DATED,
        deliveries.c.addressee.in_(bindparam("addressees", expanding=True)),
        deliveries.c.due_on >= bindparam("since"),
        deliveries.c.due_on <= bindparam("until"),
    )
    .order_by(deliveries.c.due_on, deliveries.c.id)
    .limit(bindparam("count"))
)
_ASKED = (
    select(changes.c.deadline_at, changes.c.dispatch_id, changes.c.delivery_id)
    .where(
        UNANSWERED,
        changes.c.kind == "recall",
        tuple_(changes.c.deadline_at, changes.c.dispatch_id, changes.c.delivery_id)
        > tuple_(bindparam("at"), bindparam("dispatch"), bindparam("delivery")),
    )
    .order_by(changes.c.deadline_at, changes.c.dispatch_id, changes.c.delivery_id)
    .limit(bindparam("count"))
)
_ASKED_OF = (
    select(changes.c.delivery_id)
    .join(deliveries, deliveries.c.id == changes.c.delivery_id)
    .where(UNANSWERED, changes.c.kind == "recall", _ONE_OF)
    .limit(bindparam("count"))
)
_SENT_BACK_TO = (
    select(delivery_events.c.delivery_id)
    .join(deliveries, deliveries.c.id == delivery_events.c.delivery_id)
    .where(SENT_BACK, delivery_events.c.at >= bindparam("since"), deliveries.c.sender.concat("") == bindparam("sender"))
)
"""The sender as an expression: by its index SQLite would walk everything the agency waits for."""
_FACTS = (
    select(
        deliveries.c.id,
        deliveries.c.dispatch_id,
        deliveries.c.addressee,
        deliveries.c.status,
        dispatches.c.sender,
        dispatches.c.code,
        dispatches.c.subject,
        dispatches.c.admitted_at,
        deliveries.c.priority,
        deliveries.c.due_on,
    )
    .join_from(deliveries, dispatches)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)), dispatches.c.kind == Kind.DOCUMENT.value)
    .order_by(deliveries.c.id)
)
_TOLD = (
    select(delivery_events.c.delivery_id, delivery_events.c.event, func.min(delivery_events.c.at).label("at"))
    .where(delivery_events.c.delivery_id.in_(bindparam("ids", expanding=True)), delivery_events.c.event.in_(RECEIVED))
    .group_by(delivery_events.c.delivery_id, delivery_events.c.event)
)
_RECALLS = (
    select(changes.c.delivery_id, changes.c.answer, changes.c.asked_at, changes.c.deadline_at)
    .where(changes.c.delivery_id.in_(bindparam("ids", expanding=True)), changes.c.kind == "recall")
    .where(or_(changes.c.answer.is_(None), changes.c.answer.in_(("done", "withdrawn"))))
    .order_by(changes.c.answer.is_not(None), changes.c.asked_at.desc())
)
"""What counts comes last: an answer that closes, else the oldest request."""
_REMINDED = select(mails.c.delivery_id, mails.c.what, mails.c.level).where(
    mails.c.delivery_id.in_(bindparam("ids", expanding=True))
)


def open_deliveries(connection: Connection, after: tuple[str, str], limit: int) -> tuple[tuple[str, str], ...]:
    """A page of deliveries not acknowledged yet, as (addressee, delivery id), in that order from behind `after`."""
    rows = connection.execute(_OPEN, {"addressee": after[0], "id": after[1], "count": limit})
    return tuple((row.addressee, row.id) for row in rows)


def dated_dispatches(
    connection: Connection, after: tuple[str, str], until: date, limit: int
) -> tuple[tuple[str, str], ...]:
    """A page of documents to be dealt with by a day, as (day, dispatch id), from behind `after` up to `until`."""
    values = {"day": after[0], "id": after[1], "until": until.isoformat(), "count": limit}
    return tuple((row.due_on, row.id) for row in connection.execute(_DATED, values))


def unanswered_recalls(
    connection: Connection, after: tuple[int, str, str], limit: int
) -> tuple[tuple[int, str, str], ...]:
    """A page of recalls nobody answered, as (deadline in microseconds, dispatch id, delivery id)."""
    values = {"at": after[0], "dispatch": after[1], "delivery": after[2], "count": limit}
    return tuple((row.deadline_at, row.dispatch_id, row.delivery_id) for row in connection.execute(_ASKED, values))


def deliveries_of(connection: Connection, dispatch_ids: Sequence[str]) -> tuple[str, ...]:
    """Ids of every delivery of some dispatches."""
    return tuple(connection.execute(_OF_DISPATCHES, {"ids": list(dispatch_ids)}).scalars())


def open_to(connection: Connection, addressees: Sequence[str], limit: int) -> tuple[str, ...]:
    """Deliveries to these agencies that are not acknowledged, the oldest first."""
    return tuple(connection.execute(_OPEN_OF, {"addressees": list(addressees), "count": limit}).scalars())


def asked_of(
    connection: Connection, addressees: Sequence[str], since: date, until: date, limit: int
) -> tuple[str, ...]:
    """Deliveries to these agencies that are recalled without an answer, or due in these days; at most `limit` each."""
    values = {"addressees": list(addressees), "since": since.isoformat(), "until": until.isoformat(), "count": limit}
    found = (connection.execute(query, values).scalars() for query in (_ASKED_OF, _DUE_TO))
    return tuple(dict.fromkeys(one for rows in found for one in rows))


def concerning(connection: Connection, addressee: str, since: date, until: date, limit: int) -> tuple[str, ...]:
    """Deliveries an agency may owe something for: not acknowledged, due in these days, or recalled."""
    asked = asked_of(connection, (addressee,), since, until, limit)
    return tuple(sorted({*open_to(connection, (addressee,), limit), *asked})[:limit])


def sent_back(connection: Connection, sender: str, since: datetime, limit: int) -> tuple[str, ...]:
    """Deliveries of an agency's documents that addressees would not take, since an instant."""
    values = {"since": micros(since), "sender": sender}
    return tuple(dict.fromkeys(connection.execute(_SENT_BACK_TO.limit(limit), values).scalars()))


def delivery_facts(connection: Connection, ids: Sequence[str]) -> tuple[DeliveryFacts, ...]:
    """The facts of these deliveries of documents; those of status packets are left out."""
    wanted = {"ids": list(ids)}
    told: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for row in connection.execute(_TOLD, wanted):
        told[row.delivery_id][row.event] = instant(row.at)
    recalls = {row.delivery_id: row for row in connection.execute(_RECALLS, wanted)}
    reminded: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in connection.execute(_REMINDED, wanted):
        reminded[row.delivery_id].add((row.what, row.level))
    return tuple(
        _facts(row, told[row.id], recalls.get(row.id), frozenset(reminded[row.id]))
        for row in connection.execute(_FACTS, wanted)
    )


def _facts(
    row: Row[*tuple[Any, ...]],
    told: dict[str, datetime],
    recall: Row[*tuple[Any, ...]] | None,
    reminded: frozenset[tuple[str, int]],
) -> DeliveryFacts:
    answered = recall is not None and recall.answer is not None
    asked = None if answered else recall
    return DeliveryFacts(
        delivery_id=row.id,
        dispatch_id=row.dispatch_id,
        sender=row.sender,
        addressee=row.addressee,
        status=DeliveryStatus(row.status),
        admitted_at=instant(row.admitted_at),
        code=row.code,
        subject=row.subject,
        priority=row.priority or 0,
        due_on=date.fromisoformat(row.due_on) if row.due_on else None,
        received_at=min(told.values(), default=None),
        finished_at=told.get(FINISHED),
        closed=NOT_TAKEN in told or answered,
        recall_asked_at=instant(asked.asked_at) if asked else None,
        recall_deadline_at=instant_or_none(asked.deadline_at) if asked else None,
        reminded=reminded,
    )
