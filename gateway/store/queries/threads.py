"""Reading how dispatches hang together: the versions of a document, and the thread of a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, bindparam, select

from gateway.model.dispatch import Kind
from gateway.model.lifecycle import Relation
from gateway.store.instants import instant
from gateway.store.schema import deliveries, dispatches, links

RELATED_MAX = 1_000
"""More than anybody reads: a thread that has more is cut."""
IDS_PER_QUERY = 500
"""The bundled SQLite takes 32,766 parameters in a statement, older ones 999."""
VERSIONING = frozenset({Relation.RECALLS, Relation.UPDATES, Relation.REPLACES})
THREADING = VERSIONING | {Relation.REPLIES}


@dataclass(frozen=True, slots=True)
class Related:
    """A dispatch of a thread, and what it says of others of it."""

    id: str
    kind: Kind
    peer: str
    sender: str
    document_id: str | None
    code: str
    subject: str
    business_type: int
    admitted_at: datetime
    addressees: tuple[str, ...]
    links: tuple[tuple[Relation, str], ...]
    """Relation, and the dispatch it leads to."""


_LINKS = select(links.c.dispatch_id, links.c.relation, links.c.target).where(links.c.target.is_not(None))
_FROM = _LINKS.where(links.c.dispatch_id.in_(bindparam("ids", expanding=True)))
_TO = _LINKS.where(links.c.target.in_(bindparam("ids", expanding=True)))
_DISPATCHES = (
    select(
        dispatches.c.id,
        dispatches.c.kind,
        dispatches.c.peer,
        dispatches.c.sender,
        dispatches.c.document_id,
        dispatches.c.code,
        dispatches.c.subject,
        dispatches.c.business_type,
        dispatches.c.admitted_at,
    )
    .where(dispatches.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(dispatches.c.ledger_index)
)
_ADDRESSEES = select(deliveries.c.dispatch_id, deliveries.c.addressee).where(
    deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True))
)


def related(connection: Connection, dispatch_id: str, relations: Collection[Relation]) -> tuple[Related, ...]:
    """Everything that hangs together with a dispatch by these relations, in the order of admission. What a status
    reports on is found from it, and not the other way: statuses have their place in timelines."""
    known, frontier = {dispatch_id}, [dispatch_id]
    found: dict[str, set[tuple[Relation, str]]] = defaultdict(set)
    while frontier and len(known) < RELATED_MAX:
        reached: dict[str, None] = {}
        for one, relation, target in _around(connection, frontier, relations):
            found[one].add((relation, target))
            reached |= dict.fromkeys((one, target))
        frontier = list(islice((one for one in reached if one not in known), RELATED_MAX - len(known)))
        known.update(frontier)
    addressees: dict[str, list[str]] = defaultdict(list)
    for part in _parts(list(known)):
        for row in connection.execute(_ADDRESSEES, {"ids": part}):
            addressees[row.dispatch_id].append(row.addressee)
    rows = [row for part in _parts(list(known)) for row in connection.execute(_DISPATCHES, {"ids": part})]
    return tuple(
        Related(
            row.id,
            Kind(row.kind),
            row.peer,
            row.sender,
            row.document_id,
            row.code,
            row.subject,
            row.business_type,
            instant(row.admitted_at),
            tuple(addressees[row.id]),
            tuple(sorted(found[row.id])),
        )
        for row in sorted(rows, key=lambda row: (row.admitted_at, row.id))
    )


def _around(
    connection: Connection, ids: Sequence[str], relations: Collection[Relation]
) -> Iterator[tuple[str, Relation, str]]:
    for part in _parts(ids):
        for row in connection.execute(_FROM, {"ids": part}):
            if Relation(row.relation) in {*relations, Relation.REPORTS}:
                yield row.dispatch_id, Relation(row.relation), row.target
        for row in connection.execute(_TO, {"ids": part}):
            if Relation(row.relation) in relations:
                yield row.dispatch_id, Relation(row.relation), row.target


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield ids[start : start + IDS_PER_QUERY]
