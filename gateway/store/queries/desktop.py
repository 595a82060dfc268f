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
    Sore,
    acted_on,
    newest_event,
    received_papers,
    sent_back_to,
    sent_papers,
    sores,
    troubled,
)
from gateway.store.schema import deliveries, dispatches

END = "Z" * 32
"""Behind every identifier."""
OWING_MAX = 300
"""Of one agency, and looked at in all: whoever owes more sees the oldest first."""
IDS_MAX = 1_000
COUNTED_MAX = 100_000
"""Of what came to one agency in a day."""

_COUNT_SENT = (
    select(func.count())
    .select_from(dispatches)
    .where(
        dispatches.c.sender == bindparam("agency"),
        dispatches.c.id >= bindparam("first"),
        dispatches.c.kind == Kind.DOCUMENT.value,
    )
)
_came = (
    select(deliveries.c.dispatch_id)
    .where(deliveries.c.addressee == bindparam("agency"), deliveries.c.id >= bindparam("first"))
    .limit(COUNTED_MAX)
    .subquery()
)
_its_kind = select(dispatches.c.kind).where(dispatches.c.id == _came.c.dispatch_id).scalar_subquery()
_COUNT_RECEIVED = select(func.count()).select_from(_came).where(_its_kind == Kind.DOCUMENT.value)


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
    sent: list[Paper] = []
    received: list[Paper] = []
    counts = [0, 0]
    ours: dict[str, None] = dict.fromkeys(sent_back_to(connection, agencies, period.since))
    theirs: dict[str, None] = {}
    for agency in agencies:
        sent += sent_papers(connection, agency, "", END, limit)
        received += received_papers(connection, agency, "", END, limit)
        today = {"agency": agency, "first": period.today_first}
        counts[0] += connection.execute(_COUNT_SENT, today).scalar_one()
        counts[1] += connection.execute(_COUNT_RECEIVED, today).scalar_one()
        ours |= dict.fromkeys(troubled(connection, agency, period.first, period.today.isoformat()))
        theirs |= dict.fromkeys(open_to(connection, agency, OWING_MAX))
    due_from, due_until = period.since.date(), period.today + timedelta(days=1)
    theirs |= dict.fromkeys(asked_of(connection, agencies, due_from, due_until, OWING_MAX * len(agencies)))
    ids = [*ours, *(one for one in sorted(theirs) if one not in ours)][:IDS_MAX]
    return Desktop(
        sent=_newest(sent, limit),
        received=_newest(received, limit),
        sent_today=counts[0],
        received_today=counts[1],
        ours=frozenset(ours),
        facts=delivery_facts(connection, ids),
        sores=sores(connection, ids),
        settled=acted_on(connection, ids, settled_by),
        event=event,
    )


def _newest(found: Sequence[Paper], limit: int) -> tuple[Paper, ...]:
    unique = {one.id + "".join(each.id for each in one.deliveries): one for one in found}
    return tuple(sorted(unique.values(), key=lambda one: one.id, reverse=True)[:limit])
