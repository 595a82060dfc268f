"""What an auditor reads: the ledger entry by entry, numbers of documents, and dispatches by what they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, union

from gateway.ledger.entry import Entry, decode
from gateway.store.instants import instant
from gateway.store.schema import (
    dispatch_attachments,
    dispatches,
    erased_attachments,
    ledger_entries,
)

_STREAMED = {"yield_per": 1_000}
_NUMBERED = (
    select(
        dispatches.c.sender, dispatches.c.code, dispatches.c.promulgated_on, dispatches.c.ledger_index,
        dispatches.c.admitted_at,
    )
    .where(dispatches.c.kind == "document", dispatches.c.promulgated_on.is_not(None))
    .order_by(dispatches.c.sender, dispatches.c.ledger_index)
)  # fmt: skip
_OF_DOCUMENT = select(dispatches.c.id).where(
    or_(dispatches.c.document_id == bindparam("document"), dispatches.c.code == bindparam("document"))
)
_OF_FILE = union(
    *(
        select(one.c.dispatch_id).where(one.c.sha256.in_(bindparam("digests", expanding=True)))
        for one in (dispatch_attachments, erased_attachments)
    )
)


@dataclass(frozen=True, slots=True)
class Span:
    """Of time: from an instant on, until before another; `now` is when it is looked at."""

    since: datetime
    until: datetime
    now: datetime

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class NumberRow:
    """The number and notation of a document, and its day."""

    sender: str
    code: str
    year: int
    ledger_index: int
    admitted_at: datetime


def every_entry(connection: Connection) -> Iterator[tuple[int, Entry]]:
    """The whole ledger, with its indexes, in constant memory."""
    query = select(ledger_entries.c.ledger_index, ledger_entries.c.entry).order_by(ledger_entries.c.ledger_index)
    for index, entry in connection.execute(query, execution_options=_STREAMED):
        yield index, decode(bytes(entry))


def numbers(connection: Connection) -> Iterator[NumberRow]:
    """Numbers of documents, an agency after the other, in the order of the ledger."""
    for row in connection.execute(_NUMBERED, execution_options=_STREAMED):
        year = int(row.promulgated_on[:4])
        yield NumberRow(row.sender, row.code, year, row.ledger_index, instant(row.admitted_at))


def dispatches_of_document(connection: Connection, document: str) -> frozenset[str]:
    """Dispatches of a document id, or of a number and notation."""
    return frozenset(connection.execute(_OF_DOCUMENT, {"document": document}).scalars())


def dispatches_of_bytes(connection: Connection, sha256s: Collection[str]) -> frozenset[str]:
    """Dispatches that hold, or held before it was destroyed, an attachment of one of these digests."""
    return frozenset(connection.execute(_OF_FILE, {"digests": list(sha256s)}).scalars())


def first_instant(connection: Connection) -> datetime | None:
    """When the first dispatch was admitted; None before it."""
    first = connection.execute(select(dispatches.c.admitted_at).order_by(dispatches.c.ledger_index).limit(1)).scalar()
    return None if first is None else instant(first)
