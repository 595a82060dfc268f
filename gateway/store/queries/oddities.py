"""Reading what is odd: how far the ledger was looked through, what a stretch of it rests on, what is remembered."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.model.lifecycle import ChangeKind
from gateway.store.instants import instant, micros
from gateway.store.oddities import Odd, Run, Series
from gateway.store.schema import (
    SHOWN,
    UNDELIVERED,
    WAITING,
    changes,
    deliveries,
    delivery_events,
    dispatches,
    number_runs,
    oddities,
    oddity_progress,
)

STANDING_MAX = 2_000
"""Deliveries looked at that are late by now: whoever has more of them has seen enough."""
_HAD = ("delivered", "acknowledged", "status_03", "status_06")
"""Events that say an addressee had it."""
_PROGRESS = select(oddity_progress.c.next_index, oddity_progress.c.latest_at)
_ADMITTED = select(
    dispatches.c.id, dispatches.c.kind, dispatches.c.sender, dispatches.c.code, dispatches.c.promulgated_on,
    dispatches.c.admitted_at, dispatches.c.ledger_index, dispatches.c.receipt_xml,
).where(dispatches.c.id.in_(bindparam("ids", expanding=True)))  # fmt: skip
_RECALLED_LATE = (
    select(
        changes.c.dispatch_id.label("change"), changes.c.ledger_index, deliveries.c.dispatch_id,
        deliveries.c.addressee, func.min(delivery_events.c.ledger_index).label("opened_index"),
    )
    .join_from(changes, deliveries, changes.c.delivery_id == deliveries.c.id)
    .join(delivery_events, delivery_events.c.delivery_id == deliveries.c.id)
    .where(
        changes.c.dispatch_id.in_(bindparam("ids", expanding=True)),
        changes.c.kind == ChangeKind.RECALL.value,
        delivery_events.c.event.in_(_HAD),
        delivery_events.c.ledger_index < changes.c.ledger_index,
    )
    .group_by(changes.c.dispatch_id, changes.c.ledger_index, deliveries.c.dispatch_id, deliveries.c.addressee)
    .order_by(changes.c.ledger_index, deliveries.c.addressee)
)  # fmt: skip
_ODD = select(
    oddities.c.kind, oddities.c.key, oddities.c.at, oddities.c.count.label("times"), oddities.c.shown,
    oddities.c.indexes, oddities.c.said,
)  # fmt: skip
_BEFORE = _ODD.where(oddities.c.kind == bindparam("kind"), oddities.c.key.in_(bindparam("keys", expanding=True)))
_SERIES = and_(
    number_runs.c.sender == bindparam("sender"),
    number_runs.c.notation == bindparam("notation"),
    number_runs.c.year == bindparam("year"),
)
_BESIDE = (
    select(number_runs)
    .where(_SERIES, number_runs.c.first <= bindparam("after"))
    .order_by(number_runs.c.first.desc())
    .limit(2)
)
_REMEMBERED = (
    _ODD.where(
        oddities.c.kind == bindparam("kind"),
        SHOWN,
        oddities.c.at >= bindparam("since"),
        oddities.c.at < bindparam("until"),
    )
    .order_by(oddities.c.at.desc(), oddities.c.key)
    .limit(bindparam("most"))
)
_earlier = number_runs.alias("earlier")
_before = (
    select(func.max(_earlier.c.first))
    .where(
        _earlier.c.sender == number_runs.c.sender,
        _earlier.c.notation == number_runs.c.notation,
        _earlier.c.year == number_runs.c.year,
        _earlier.c.first < number_runs.c.first,
    )
    .correlate(number_runs)
    .scalar_subquery()
)
_GAPS = (
    select(number_runs, _earlier.c.last.label("before"), _earlier.c.last_index.label("before_index"))
    .join(
        _earlier,
        and_(
            _earlier.c.sender == number_runs.c.sender,
            _earlier.c.notation == number_runs.c.notation,
            _earlier.c.year == number_runs.c.year,
            _earlier.c.first == _before,
        ),
    )
    .where(number_runs.c.at >= bindparam("since"), number_runs.c.at < bindparam("until"))
    .order_by(number_runs.c.at.desc(), number_runs.c.first_index.desc())
    .limit(bindparam("most"))
)
_IN_SPAN = (dispatches.c.admitted_at >= bindparam("since"), dispatches.c.admitted_at < bindparam("until"))
_UNDELIVERED = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, dispatches.c.ledger_index, dispatches.c.admitted_at)
    .join_from(deliveries, dispatches)
    .where(UNDELIVERED, deliveries.c.deadline_at < bindparam("now"), *_IN_SPAN)
    .limit(STANDING_MAX)
)
_handed_over = (
    select(func.min(delivery_events.c.ledger_index))
    .where(
        delivery_events.c.delivery_id == deliveries.c.id,
        delivery_events.c.event == DeliveryStatus.DELIVERED.value,
    )
    .correlate(deliveries)
    .scalar_subquery()
)
_UNACKNOWLEDGED = (
    select(deliveries.c.dispatch_id, deliveries.c.addressee, _handed_over.label("ledger_index"))
    .add_columns(dispatches.c.admitted_at)
    .join_from(deliveries, dispatches)
    .where(
        WAITING,
        deliveries.c.addressee > "",
        deliveries.c.status == DeliveryStatus.DELIVERED.value,
        deliveries.c.deadline_at < bindparam("now"),
        *_IN_SPAN,
    )
    .limit(STANDING_MAX)
)
"""The bound on addressees says nothing, but by it SQLite takes the index of what waits, not all there ever was."""


NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the ledger was looked through."""

    next_index: int = 0
    latest_at: datetime = NEVER
    """The latest instant any entry before that bears."""


@dataclass(frozen=True, slots=True)
class AdmittedFacts:
    """What the register knows of a dispatch that was admitted."""

    sender: str
    document: bool
    code: str
    year: int | None
    """Of its day; None where it names none."""
    admitted_at: datetime
    ledger_index: int
    receipt_xml: bytes


@dataclass(frozen=True, slots=True)
class LateRecall:
    """A delivery that was asked back after its addressee had it."""

    change: str
    change_index: int
    dispatch_id: str
    addressee: str
    opened_index: int


@dataclass(frozen=True, slots=True)
class Late:
    """A delivery that is late by now."""

    dispatch_id: str
    addressee: str
    ledger_index: int
    admitted_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers between two runs of a series."""

    series: Series
    before: int
    after: int
    before_index: int
    after_index: int
    at: datetime
    """When the document of `after` was admitted."""


def reached(connection: Connection) -> Reached:
    """How far the ledger was looked through."""
    row = connection.execute(_PROGRESS).one_or_none()
    return Reached() if row is None else Reached(row.next_index, instant(row.latest_at))


def admitted(connection: Connection, ids: Collection[str]) -> Mapping[str, AdmittedFacts]:
    """What is known of dispatches, by their ids."""
    return {
        row.id: AdmittedFacts(
            row.sender,
            row.kind == Kind.DOCUMENT.value,
            row.code,
            int(row.promulgated_on[:4]) if row.promulgated_on else None,
            instant(row.admitted_at),
            row.ledger_index,
            bytes(row.receipt_xml),
        )
        for row in connection.execute(_ADMITTED, {"ids": list(ids)})
    }


def recalled_late(connection: Connection, change_ids: Collection[str]) -> tuple[LateRecall, ...]:
    """What these dispatches asked back from addressees who had it."""
    return tuple(LateRecall(*row) for row in connection.execute(_RECALLED_LATE, {"ids": list(change_ids)}))


def before(connection: Connection, keys: Mapping[str, Sequence[str]]) -> Iterator[Odd]:
    """What is remembered under these keys, by kind."""
    for kind, several in keys.items():
        if several:
            yield from map(_odd, connection.execute(_BEFORE, {"kind": kind, "keys": list(several)}))


def runs_beside(connection: Connection, numbers: Iterable[tuple[Series, int]]) -> Iterator[Run]:
    """The runs each number lies in or next to; some more than once."""
    for of, number in numbers:
        asked = {"sender": of.sender, "notation": of.notation, "year": of.year, "after": number + 1}
        for row in connection.execute(_BESIDE, asked):
            yield Run(of, row.first, row.last, row.first_index, row.last_index, instant(row.at))


def remembered(connection: Connection, kind: str, since: datetime, until: datetime, most: int) -> tuple[Odd, ...]:
    """What is odd in a span of time, the latest first."""
    asked = {"kind": kind, "since": micros(since), "until": micros(until), "most": most}
    return tuple(map(_odd, connection.execute(_REMEMBERED, asked)))


def gaps(connection: Connection, since: datetime, until: datetime, most: int) -> tuple[Gap, ...]:
    """Numbers passed over, the latest first."""
    asked = {"since": micros(since), "until": micros(until), "most": most}
    return tuple(
        Gap(
            Series(row.sender, row.notation, row.year),
            row.before,
            row.first,
            row.before_index,
            row.first_index,
            instant(row.at),
        )
        for row in connection.execute(_GAPS, asked)
    )


def undelivered(connection: Connection, since: datetime, until: datetime, now: datetime) -> Iterator[Late]:
    """Receipted, past the deadline, and not delivered: most are expired within seconds, and then remembered."""
    return _late(connection.execute(_UNDELIVERED, _asked(since, until, now)))


def unacknowledged(connection: Connection, since: datetime, until: datetime, now: datetime) -> Iterator[Late]:
    """Handed over, past the deadline, and not acknowledged."""
    return _late(connection.execute(_UNACKNOWLEDGED, _asked(since, until, now)))


def _asked(since: datetime, until: datetime, now: datetime) -> dict[str, int]:
    return {"since": micros(since), "until": micros(until), "now": micros(now)}


def _late(rows: Iterable[Row[Any]]) -> Iterator[Late]:
    for row in rows:
        yield Late(row.dispatch_id, row.addressee, row.ledger_index, instant(row.admitted_at))


def _odd(row: Row[*tuple[Any, ...]]) -> Odd:
    indexes = tuple(map(int, row.indexes.split(",")))
    return Odd(row.kind, row.key, instant(row.at), indexes, json.loads(row.said), row.times, bool(row.shown))
