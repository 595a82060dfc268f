"""Finding documents by words, parties, days, kind and state: the rarest word leads, the others are looked up in the
index, newest first, and nothing beyond a page is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select

from gateway.model.dispatch import Kind
from gateway.store.queries.desk import Paper, papers
from gateway.store.schema import deliveries, delivery_events, dispatches, search_progress, search_words

COUNTED_MAX = 5_000
"""Beyond so many rows one word is as frequent as another."""
STATES = ("queued", "delivered", "acknowledged", "refused", "expired", "withdrawn")
EVENTS = ("status_02", "status_03", "status_06")


@dataclass(frozen=True, slots=True)
class Sought:
    """What documents are sought by; what is None or empty does not count."""

    words: tuple[str, ...]
    """All of them. At least one: whose documents they are is a word too (`model.search_words`)."""
    first: str
    before: str
    """Identifiers from `first` to below `before`: days, and where the page before ended."""
    others: tuple[str, ...] | None = None
    """Agencies one of which is a party."""
    business_type: int | None = None
    state: str = ""
    """Of a delivery: one of STATES, or an event that happened to it, one of EVENTS."""
    of: str = ""
    """The addressee whose delivery that is; nothing: any."""


_PROGRESS = select(search_progress.c.next_index)
_ROWS = select(
    dispatches.c.id,
    dispatches.c.kind,
    dispatches.c.sender,
    dispatches.c.code,
    dispatches.c.subject,
    dispatches.c.document_id,
).where(dispatches.c.id.in_(bindparam("ids", expanding=True)))
_ADDRESSEES = select(deliveries.c.dispatch_id, deliveries.c.addressee).where(
    deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Indexable:
    """What a document is found by."""

    id: str
    sender: str
    code: str
    subject: str
    document_id: str
    addressees: tuple[str, ...]


def next_to_index(connection: Connection) -> int:
    """The ledger index up to which everything can be found."""
    return int(connection.execute(_PROGRESS).scalar() or 0)


def indexable(connection: Connection, ids: Sequence[str]) -> tuple[Indexable, ...]:
    """Those of these dispatches that are documents."""
    got: dict[str, list[str]] = {one: [] for one in ids}
    for row in connection.execute(_ADDRESSEES, {"ids": list(ids)}):
        got[row.dispatch_id].append(row.addressee)
    return tuple(
        Indexable(row.id, row.sender, row.code, row.subject, row.document_id or "", tuple(got[row.id]))
        for row in connection.execute(_ROWS, {"ids": list(ids)})
        if row.kind == Kind.DOCUMENT
    )


def search(connection: Connection, sought: Sequence[Sought], limit: int) -> tuple[Paper, ...]:
    """Documents that one of these finds, newest first, at most `limit`."""
    return papers(connection, ids_of(connection, sought, limit))


def ids_of(connection: Connection, sought: Sequence[Sought], limit: int) -> list[str]:
    """The dispatches of the documents that one of these finds, newest first, at most `limit`."""
    ids: set[str] = set()
    for one in sought:
        lead, *others = sorted(one.words, key=lambda word: _frequency(connection, word))
        ids.update(row.dispatch_id for row in connection.execute(_query(one, lead, others).limit(limit)))
    return sorted(ids, reverse=True)[:limit]


def _frequency(connection: Connection, word: str) -> int:
    some = select(search_words.c.dispatch_id).where(search_words.c.word == word).limit(COUNTED_MAX).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _query(one: Sought, lead: str, others: Sequence[str]) -> Select[tuple[str]]:
    leading = search_words.alias("leading")
    query = (
        select(leading.c.dispatch_id)
        .join(dispatches, dispatches.c.id == leading.c.dispatch_id)
        .where(leading.c.word == lead, leading.c.dispatch_id >= one.first, leading.c.dispatch_id < one.before)
        .order_by(leading.c.dispatch_id.desc())
    )
    for word in others:
        further = search_words.alias()
        query = query.where(exists().where(further.c.word == word, further.c.dispatch_id == leading.c.dispatch_id))
    if one.business_type is not None:
        query = query.where(dispatches.c.business_type == one.business_type)
    if one.others is not None:
        got = exists().where(deliveries.c.dispatch_id == dispatches.c.id, deliveries.c.addressee.in_(one.others))
        query = query.where(or_(dispatches.c.sender.in_(one.others), got))
    return query.where(_in_state(one)) if one.state else query


def _in_state(one: Sought) -> ColumnElement[bool]:
    its = deliveries.alias("its")
    delivery = and_(its.c.dispatch_id == dispatches.c.id, *([its.c.addressee == one.of] if one.of else []))
    if one.state in STATES:
        return exists().where(delivery, its.c.status == one.state)
    return exists().where(delivery, delivery_events.c.delivery_id == its.c.id, delivery_events.c.event == one.state)
