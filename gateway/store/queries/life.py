"""Reading what happened to a document after its delivery: statuses, changes, versions, threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, union

from gateway.model.lifecycle import FINISHED, Answer, Change, ChangeKind, Reported, processing
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import changes, deliveries, dispatches, statuses

_OF_DISPATCH = select(deliveries.c.id).where(deliveries.c.dispatch_id == bindparam("id"))
_STATUSES = (
    select(statuses)
    .join_from(statuses, deliveries, statuses.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.dispatch_id == bindparam("id"))
    .order_by(statuses.c.ledger_index)
)
_CHANGES = (
    select(changes, statuses.c.description)
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
_asked = or_(changes.c.dispatch_id == bindparam("id"), changes.c.delivery_id.in_(_OF_DISPATCH))
_INDEXES = union(
    select(statuses.c.ledger_index).where(
        or_(statuses.c.dispatch_id == bindparam("id"), statuses.c.delivery_id.in_(_OF_DISPATCH))
    ),
    select(changes.c.ledger_index).where(_asked),
    select(changes.c.answer_index).where(_asked, changes.c.answer_index.is_not(None)),
)


def addressees_of(connection: Connection, sender: str, document_id: str) -> set[str]:
    """Keys of the agencies a document and its changes were sent to, by its id."""
    return set(connection.execute(_ADDRESSEES, {"sender": sender, "document_id": document_id}).scalars())


def life_indexes(connection: Connection, dispatch_id: str) -> set[int]:
    """Where the ledger speaks of statuses and changes that a dispatch is, or is the object of."""
    return set(connection.execute(_INDEXES, {"id": dispatch_id}).scalars())


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
            said for said in told.get(one.delivery_id, ()) if (said.ledger_index or 0) < one.ledger_index
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
                answer=Answer(one.answer) if one.answer else None,
                answered_at=instant_or_none(one.answered_at),
                answer_reason=one.description or "",
            )
        )
    return found
