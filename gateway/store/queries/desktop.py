"""Reading, in one transaction, everything a clerk's first page rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from gateway.model.dispatch import Kind
from gateway.store.queries.deadlines import DeliveryFacts, asked_of, delivery_facts, open_to
from gateway.store.queries.desk import (
    Paper,
    Since,
    Sore,
    acted_on,
    newest_event,
    received_papers,
    sent_papers,
    sores,
    troubled,
)
from gateway.store.schema import deliveries, dispatches

END = "Z" * 32
"""Behind every identifier."""
OWING_MAX = 300
"""Of each kind of debt: whoever owes more sees the oldest first."""
IDS_MAX = 1_000
"""Looked at in all: half of them sent, half received."""

_COUNT_SENT = (
    select(func.count())
    .select_from(dispatches)
    .where(
        dispatches.c.sender.in_(bindparam("agencies", expanding=True)),
        dispatches.c.id >= bindparam("first"),
        dispatches.c.kind == Kind.DOCUMENT.value,
    )
)
_its_kind = select(dispatches.c.kind).where(dispatches.c.id == deliveries.c.dispatch_id).scalar_subquery()
_COUNT_RECEIVED = (
    select(func.count())
    .select_from(deliveries)
    .where(
        deliveries.c.addressee.in_(bindparam("agencies", expanding=True)),
        deliveries.c.id >= bindparam("first"),
        _its_kind == Kind.DOCUMENT.value,
    )
)


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: trouble since `since` (`first`: its lowest identifier), and the day that runs."""

    since: datetime
    first: str
    today: date
    today_first: str


@dataclass(frozen=True, slots=True)
class Desktop:
    """The rows of a first page. `ours`: deliveries of what the agencies sent; the other facts are of what they got."""

    sent: tuple[Paper, ...]
    received: tuple[Paper, ...]
    sent_today: int
    received_today: int
    ours: frozenset[str]
    facts: tuple[DeliveryFacts, ...]
    sores: Mapping[str, Mapping[str, Sore]]
    settled: Mapping[str, datetime]
    event: int
    """The latest change of any delivery when this was read."""


def desktop(
    connection: Connection, agencies: Sequence[str], period: Period, limit: int, settled_by: str
) -> Desktop:  # fmt: skip
    """The first page of somebody who works for these agencies; lists of at most `limit` rows. `settled_by`: the act
    by which somebody says that they have seen to a delivery."""
    event = newest_event(connection)
    day = {"agencies": list(agencies), "first": period.today_first}
    ours = troubled(connection, agencies, Since(period.since, period.first, period.today))
    due_from, due_until = period.since.date(), period.today + timedelta(days=1)
    asked = asked_of(connection, agencies, due_from, due_until, OWING_MAX)
    theirs = {*asked, *open_to(connection, agencies, OWING_MAX)}.difference(ours)
    ids = [*ours[: IDS_MAX // 2], *sorted(theirs)[: IDS_MAX // 2]]
    return Desktop(
        sent=sent_papers(connection, agencies, limit),
        received=received_papers(connection, agencies, limit),
        sent_today=connection.execute(_COUNT_SENT, day).scalar_one(),
        received_today=connection.execute(_COUNT_RECEIVED, day).scalar_one(),
        ours=frozenset(ours),
        facts=delivery_facts(connection, ids),
        sores=sores(connection, ids),
        settled=acted_on(connection, ids, settled_by),
        event=event,
    )
