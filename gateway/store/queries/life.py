"""Reading what happened to a document after its delivery: statuses, changes, versions, threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, or_, select, union

from gateway.model.delivery import NEVER_TAKEN, DeliveryStatus
from gateway.model.lifecycle import FINISHED, Answer, Change, ChangeKind, Reported, processing
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import TAKEN_BACK, changes, deliveries, delivery_events, dispatches, statuses

_OF_DISPATCH = select(deliveries.c.id).where(deliveries.c.dispatch_id == bindparam("id"))
_STATUSES = (
    select(statuses)
    .join_from(statuses, deliveries, statuses.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.dispatch_id == bindparam("id"))
    .order_by(statuses.c.ledger_index)
)
_CHANGES = (
    select(changes, statuses.c.description, deliveries.c.status)
    .join_from(changes, deliveries, changes.c.delivery_id == deliveries.c.id)
    .outerjoin(statuses, statuses.c.dispatch_id == changes.c.answered_by)
    .where(deliveries.c.dispatch_id == bindparam("id"))
    .order_by(changes.c.ledger_index)
)
_ADDRESSEES = (
    select(deliveries.c.addressee)
    .join_from(dispatches, deliveries)
    .where(dispatches.c.sender == bindparam("sender"), dispatches.c.document_id == bindparam("document_id"))
    .distinct()
)
_other = statuses.alias("agreed")
_TAKEN_BACK = (
    select(changes.c.dispatch_id, changes.c.delivery_id, changes.c.answered_at, delivery_events.c.ledger_index)
    .add_columns(deliveries.c.dispatch_id.label("target"), deliveries.c.addressee, deliveries.c.addressed_as)
    .join_from(changes, deliveries, changes.c.delivery_id == deliveries.c.id)
    .join(statuses, statuses.c.dispatch_id == changes.c.dispatch_id)
    .join(delivery_events, delivery_events.c.delivery_id == changes.c.delivery_id)
    .where(
        TAKEN_BACK,
        delivery_events.c.event == DeliveryStatus.WITHDRAWN.value,
        changes.c.ledger_index >= bindparam("first"),
        delivery_events.c.ledger_index > bindparam("after"),
        ~exists().where(_other.c.delivery_id == changes.c.delivery_id, _other.c.status_code == "15"),
    )
    .order_by(delivery_events.c.ledger_index)
    .limit(bindparam("count"))
)
_FIRST_FROM = (
    select(dispatches.c.ledger_index).where(dispatches.c.id >= bindparam("id")).order_by(dispatches.c.id).limit(1)
)
_UNMATCHED = (
    select(statuses)
    .join(dispatches, dispatches.c.id == statuses.c.dispatch_id)
    .join(deliveries, deliveries.c.dispatch_id == statuses.c.dispatch_id)
    .where(
        statuses.c.delivery_id.is_(None),
        statuses.c.ledger_index > bindparam("after"),
        or_(dispatches.c.peer == bindparam("peer"), deliveries.c.peer == bindparam("peer")),
    )
    .order_by(statuses.c.ledger_index)
    .limit(bindparam("count"))
)
_SAID = union(
    select(statuses.c.ledger_index).where(statuses.c.dispatch_id == bindparam("id")),
    select(changes.c.ledger_index).where(changes.c.dispatch_id == bindparam("id")),
)


def addressees_of(connection: Connection, sender: str, document_id: str) -> set[str]:
    """Keys of the agencies a document and its changes were sent to, by its id."""
    return set(connection.execute(_ADDRESSEES, {"sender": sender, "document_id": document_id}).scalars())


def said(connection: Connection, dispatch_id: str) -> tuple[int, ...]:
    """Where the ledger holds what a packet says of other packets, in order."""
    return tuple(sorted(connection.execute(_SAID, {"id": dispatch_id}).scalars()))


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A request (status 13) that found the document still here, before its sender was told so by a status."""

    request_id: str
    target: str
    """The dispatch that was taken back."""
    addressee: str
    addressed_as: str
    answered_at: datetime
    ledger_index: int
    """Of the entry that it was withdrawn: that may come long after the request, when a push under way has failed."""


def first_index_from(connection: Connection, dispatch_id: str) -> int | None:
    """The ledger index of the first dispatch from this id on, which need be nobody's; None where there is none."""
    return connection.execute(_FIRST_FROM, {"id": dispatch_id}).scalar()


def taken_back(connection: Connection, first: int, after: int, limit: int) -> tuple[TakenBack, ...]:
    """Requests from ledger index `first` on whose senders have yet to be told, withdrawn behind index `after`."""
    rows = connection.execute(_TAKEN_BACK, {"first": first, "after": after, "count": limit})
    return tuple(
        TakenBack(
            row.dispatch_id,
            row.target,
            row.addressee,
            row.addressed_as,
            instant(row.answered_at),
            row.ledger_index,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A status of no document the register knows. `agency` says it, to `addressee`; the document is as it writes it."""

    dispatch_id: str
    agency: str
    addressee: str
    status_code: str
    document_id: str | None
    code: str | None
    stated_at: datetime | None
    recorded_at: datetime
    description: str
    ledger_index: int


def unmatched(connection: Connection, peer: str, after: int, limit: int) -> tuple[Unmatched, ...]:
    """Statuses of unknown documents that this peer sent or gets, from behind a ledger index."""
    rows = connection.execute(_UNMATCHED, {"peer": peer, "after": after, "count": limit})
    return tuple(
        Unmatched(
            row.dispatch_id,
            row.agency,
            row.addressee,
            row.status_code,
            row.document_id,
            row.code,
            instant_or_none(row.stated_at),
            instant(row.recorded_at),
            row.description,
            row.ledger_index,
        )
        for row in rows
    )


def reports(connection: Connection, dispatch_id: str) -> dict[str, list[Reported]]:
    """Statuses reported of a dispatch, by delivery, in the order of arrival."""
    found: defaultdict[str, list[Reported]] = defaultdict(list)
    for row in connection.execute(_STATUSES, {"id": dispatch_id}):
        found[row.delivery_id].append(
            Reported(
                row.status_code,
                instant(row.recorded_at),
                instant_or_none(row.stated_at),
                row.description,
                row.dispatch_id,
                row.ledger_index,
            )
        )
    return found


def asked(
    connection: Connection, row: Row[*tuple[Any, ...]], told: dict[str, list[Reported]]
) -> dict[str, list[Change]]:
    """What was asked about the deliveries of a dispatch (`row`), by delivery, oldest first."""
    found: defaultdict[str, list[Change]] = defaultdict(list)
    since = instant(row.admitted_at)
    for one in connection.execute(_CHANGES, {"id": row.id}):
        before: Sequence[Reported] = [
            one_told for one_told in told.get(one.delivery_id, ()) if (one_told.ledger_index or 0) < one.ledger_index
        ]
        stood = processing(before, since)
        found[one.delivery_id].append(
            Change(
                dispatch_id=one.dispatch_id,
                kind=ChangeKind(one.kind),
                asked_at=instant(one.asked_at),
                reason=one.reason,
                deadline_at=instant_or_none(one.deadline_at),
                finished=stood is not None and stood.code == FINISHED,
                not_taken=DeliveryStatus(one.status) in NEVER_TAKEN,
                answer=Answer(one.answer) if one.answer else None,
                answered_at=instant_or_none(one.answered_at),
                answer_reason=one.description or "",
                ledger_index=one.ledger_index,
                answer_index=one.answer_index,
            )
        )
    return found
