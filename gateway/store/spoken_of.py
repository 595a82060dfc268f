"""Which documents of the register a packet speaks of: by the id its sender gave, else by number and day.

Looked up inside the transaction that records the packet, among those recorded before it: nothing can come between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, literal_column, or_, select

from gateway.model.lifecycle import Relation
from gateway.store.schema import deliveries, dispatches, links
from gateway.store.statements import Insertion, Prepared

VERSIONS_MAX = 1_000
"""Longer chains of versions are cut: nobody reads them, and a reader must not be kept busy."""
_VERSIONING = (Relation.UPDATES.value, Relation.REPLACES.value)


@dataclass(frozen=True, slots=True)
class Named:
    """A document as another packet names it."""

    document_id: str | None
    code: str | None = None
    promulgated_on: str | None = None
    """`yyyy-mm-dd`; None where no day that exists is written."""
    organ_id: str | None = None
    """As written."""


class Spoken(NamedTuple):
    """A document of the register that is so named, or what changed it under the same id."""

    id: str
    document_id: str | None
    business_type: int
    ledger_index: int


@dataclass(frozen=True, slots=True)
class NewLink:
    """What a packet being admitted says of another one."""

    relation: Relation
    named: Named
    sender: str | None
    """Key of the agency whose document it is; None where the directory knows none under what is written."""


_COLUMNS = (dispatches.c.id, dispatches.c.document_id, dispatches.c.business_type, dispatches.c.ledger_index)
_OF_SENDER = (
    select(*_COLUMNS)
    .where(
        dispatches.c.sender == bindparam("sender"),
        dispatches.c.kind == literal_column("'document'"),
        dispatches.c.ledger_index < bindparam("before"),
    )
    .order_by(dispatches.c.ledger_index)
)
_BY_ID = Prepared(
    _OF_SENDER.where(dispatches.c.document_id == bindparam("document_id")), "sender", "before", "document_id"
)
_first = dispatches.alias("first")
_BY_NUMBER = _OF_SENDER.where(
    or_(
        dispatches.c.number_key == bindparam("number"),
        dispatches.c.duplicate_of
        == select(_first.c.id).where(_first.c.number_key == bindparam("number")).scalar_subquery(),
    ),
    dispatches.c.promulgated_on == bindparam("promulgated_on"),
)
_PARTY = (
    select(dispatches.c.id)
    .join_from(dispatches, deliveries)
    .where(
        dispatches.c.id.in_(bindparam("ids", expanding=True)),
        or_(deliveries.c.addressee == bindparam("agency"), dispatches.c.sender == bindparam("agency")),
    )
)
_versions = select(bindparam("start", type_=dispatches.c.id.type).label("id")).cte("versions", recursive=True)
_versions = _versions.union(
    select(links.c.target).where(
        links.c.dispatch_id == _versions.c.id, links.c.target.is_not(None), links.c.relation.in_(_VERSIONING)
    )
)
_SUPERSEDED = (
    select(dispatches.c.document_id)
    .join_from(_versions, dispatches, dispatches.c.id == _versions.c.id)
    .order_by(dispatches.c.ledger_index.desc())
    .limit(VERSIONS_MAX)
)
_LINK = Insertion(links, "dispatch_id", "position", "relation", "document_id", "code", "organ_id", "target")


def number_key(sender: str, code: str, year: int) -> str:
    """What no two documents of an agency share: the number and notation of one in a year."""
    return f"{year} {sender} {code}"


def named_by(connection: Connection, sender: str, named: Named, before: int) -> list[Spoken]:
    """The documents of `sender` so named, recorded before ledger index `before`, oldest first: the document, and what
    changed it under the same id. By number and day only where no id is written, and then new documents alone."""
    if named.document_id is not None:
        return [Spoken(*row) for row in _BY_ID.rows(connection, sender, before, named.document_id)]
    if named.code and named.promulgated_on:
        number = number_key(sender, named.code, int(named.promulgated_on[:4]))
        facts = {"sender": sender, "before": before, "number": number, "promulgated_on": named.promulgated_on}
        return [Spoken(*row) for row in connection.execute(_BY_NUMBER, facts)]
    return []


def superseded(connection: Connection, dispatch_id: str) -> list[str | None]:
    """Document ids of a dispatch and of all it updates or replaces, newest first."""
    return list(connection.execute(_SUPERSEDED, {"start": dispatch_id}).scalars())


def link(connection: Connection, dispatch_id: str, rows: Sequence[tuple[NewLink, str | None]]) -> None:
    """Record what a packet says of others: each link, and the dispatch it means."""
    _LINK.run(
        connection,
        [
            (
                dispatch_id,
                position,
                one.relation.value,
                one.named.document_id,
                one.named.code,
                one.named.organ_id,
                target,
            )
            for position, (one, target) in enumerate(rows)
        ],
    )


def party_to(connection: Connection, agency: str, link: NewLink, before: int) -> str | None:
    """The document a link means, where `agency` sent or received it; what is others' is never linked."""
    if link.sender is None:
        return None
    ids = [row.id for row in named_by(connection, link.sender, link.named, before)]
    seen = set(connection.execute(_PARTY, {"ids": ids, "agency": agency}).scalars()) if ids else set()
    return next((one for one in reversed(ids) if one in seen), None)
