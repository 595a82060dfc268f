"""Admitting: the one transaction behind a receipt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, select

from gateway.ledger.entry import Entry, EntryKind
from gateway.model.dispatch import Duplicate
from gateway.model.reasons import Reason
from gateway.store import changes, statuses
from gateway.store.instants import instant, micros
from gateway.store.newcomer import Newcomer
from gateway.store.newcomer_rows import insert
from gateway.store.schema import NEW_DOCUMENT, dispatches
from gateway.store.spoken_of import link, party_to
from gateway.store.statements import Prepared
from gateway.store.timeline import EVENT
from gateway.store.transaction import Operation, Transaction


@dataclass(frozen=True, slots=True)
class Admitted:
    """Committed: document, deliveries and ledger entry are durable."""

    ledger_index: int
    duplicate: Duplicate | None = None
    """The document it repeats, by number or by identifier."""
    unmatched: bool = False
    """It speaks of a document the register does not know, or that its sender has nothing to do with."""


@dataclass(frozen=True, slots=True)
class Twin:
    """This peer's packet was admitted before: what was recorded then. Nothing was changed."""

    dispatch_id: str
    packet_digest: str
    ledger_index: int
    admitted_at: datetime
    receipt_xml: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """The sender's document id is taken by a dispatch with other bytes. Nothing was changed."""

    dispatch_id: str


@dataclass(frozen=True, slots=True)
class Barred:
    """The change it asks for cannot be made to the document it names. Nothing was changed."""

    reason: Reason
    document: str
    """Its identifier or number, as the packet writes it."""


Verdict = Admitted | Twin | Conflict | Barred


@dataclass(frozen=True, slots=True)
class Admit(Newcomer, Operation[Verdict]):
    """Record an examined and sealed packet, its deliveries and its ledger entry."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[Verdict]:
        """Record what is new, in order: each packet is judged by those before it."""
        seen = _Seen.find(tx.connection, operations)
        return [answer for together in _runs(operations) for answer in _admit(tx, seen, together)]


def _runs(operations: Sequence[Admit]) -> Iterator[Sequence[Admit]]:
    """What can be recorded together. A change is judged by what is on record, so what came before it must be."""
    start = 0
    for place, admit in enumerate(operations):
        if admit.change is not None:
            yield operations[start:place]
            yield operations[place : place + 1]
            start = place + 1
    yield operations[start:]


def _admit(tx: Transaction, seen: _Seen, operations: Sequence[Admit]) -> list[Verdict]:
    """Sort out who is new, record those, follow what they say of others, answer all."""
    verdicts = [seen.verdict(tx, admit) for admit in operations]
    new = [admit for admit, verdict in zip(operations, verdicts, strict=True) if verdict is admit]
    indexes = dict(zip((admit.dispatch_id for admit in new), tx.append([one.entry for one in new]), strict=True))
    insert(tx.connection, new, indexes, seen.duplicates)
    _record_duplicates(tx, new, seen)
    unmatched = {admit.dispatch_id for admit in new if not _follow(tx, admit, indexes[admit.dispatch_id])}
    answers: list[Verdict] = []
    for admit, verdict in zip(operations, verdicts, strict=True):
        if not isinstance(verdict, Admit):
            answers.append(verdict)
        elif verdict is admit:
            of = seen.duplicates.get(admit.dispatch_id)
            answers.append(Admitted(indexes[admit.dispatch_id], of, admit.dispatch_id in unmatched))
        else:
            index = indexes[verdict.dispatch_id]
            answers.append(
                Twin(verdict.dispatch_id, verdict.packet_digest, index, verdict.admitted_at, verdict.receipt_xml)
            )
    return answers


def _record_duplicates(tx: Transaction, new: Sequence[Admit], seen: _Seen) -> None:
    """Tell both sides of each document that repeats another, in the ledger and in the timelines of its deliveries."""
    repeating = [(one, seen.duplicates[one.dispatch_id]) for one in new if one.dispatch_id in seen.duplicates]
    entries = [
        Entry.of(EntryKind.DUPLICATE, one.admitted_at, dispatch=one.dispatch_id, of=of.dispatch_id, by=of.by).encode()
        for one, of in repeating
    ]
    if repeating:
        EVENT.run(
            tx.connection,
            [
                (delivery.id, "duplicate", micros(one.admitted_at), of.dispatch_id, index)
                for (one, of), index in zip(repeating, tx.append(entries), strict=True)
                for delivery in one.deliveries
            ],
        )


def _follow(tx: Transaction, admit: Admit, ledger_index: int) -> bool:
    """Do what a packet says of others: change them, report on them, link to them. False where nobody knows them."""
    matched, asking = True, admit.asking(ledger_index)
    if asking is not None:
        done = changes.carry_out(tx, asking)
        matched = None not in done.meant
        if admit.status is not None and done.withdrawn and not done.asked:
            changes.withdraw_request(tx, admit.dispatch_id, admit.admitted_at)
        link(tx.connection, admit.dispatch_id, list(zip(admit.links, done.meant, strict=False)))
    elif admit.links:
        meant = [party_to(tx.connection, admit.sender, one, ledger_index) for one in admit.links]
        link(tx.connection, admit.dispatch_id, list(zip(admit.links, meant, strict=True)))
    if admit.status is not None:
        matched = statuses.record(tx, admit.dispatch_id, admit.status, admit.admitted_at, ledger_index)
    return matched


_PACKETS = Prepared(
    select(dispatches.c.peer, dispatches.c.packet_digest).where(
        dispatches.c.packet_digest.in_(bindparam("digests", expanding=True))
    ),
    "digests",
)
_TWIN = (
    select(
        dispatches.c.id,
        dispatches.c.packet_digest,
        dispatches.c.ledger_index,
        dispatches.c.admitted_at,
        dispatches.c.receipt_xml,
    )
    .where(dispatches.c.peer == bindparam("of_peer"))
    .where(dispatches.c.packet_digest == bindparam("digest"))
)
_DOCUMENTS = Prepared(
    select(dispatches.c.document_id, dispatches.c.sender, dispatches.c.id)
    .where(dispatches.c.document_id.in_(bindparam("document_ids", expanding=True)))
    .where(NEW_DOCUMENT),
    "document_ids",
)
_NUMBERS = Prepared(
    select(dispatches.c.number_key, dispatches.c.id).where(
        dispatches.c.number_key.in_(bindparam("numbers", expanding=True))
    ),
    "numbers",
)


@dataclass(slots=True)
class _Seen:
    """What is on record already, in the database or earlier in this very group."""

    packets: dict[tuple[str, str], Twin | Admit] = field(default_factory=dict)
    """By (peer, packet digest)."""
    documents: dict[str, dict[str, str]] = field(default_factory=dict)
    """Dispatch ids by document id and sender."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Dispatch ids of the first documents to bear a number, by `number_key`."""
    duplicates: dict[str, Duplicate] = field(default_factory=dict)
    """What the new ones repeat, by their dispatch ids."""

    @classmethod
    def find(cls, connection: Connection, operations: Sequence[Admit]) -> _Seen:
        seen = cls()
        for peer, digest in _PACKETS.rows(connection, *(one.packet_digest for one in operations)):
            twin = connection.execute(_TWIN, {"of_peer": peer, "digest": digest}).one()
            seen.packets[peer, digest] = twin_of(twin)
        document_ids = (one.document_id for one in operations if one.document)
        for document_id, sender, dispatch_id in _DOCUMENTS.rows(connection, *document_ids):
            seen.documents.setdefault(document_id, {})[sender] = dispatch_id
        for number, dispatch_id in _NUMBERS.rows(connection, *(one.number for one in operations if one.number)):
            seen.numbers[number] = dispatch_id
        return seen

    def verdict(self, tx: Transaction, admit: Admit) -> Twin | Conflict | Barred | Admit:
        """What this packet is, after those before it: itself where it is new, or the mate of its group it repeats."""
        known = self.packets.get((admit.peer, admit.packet_digest))
        if known is not None:
            return known
        if admit.document is not None:
            document_id, sender = admit.document
            holders = self.documents.setdefault(document_id, {})
            if sender in holders:
                return Conflict(holders[sender])
            self._note_duplicate(admit, next(iter(holders.values()), None))
            holders[sender] = admit.dispatch_id
        elif admit.number is not None:
            self._note_duplicate(admit, None)
        asking = admit.asking(tx.next_index)
        if asking is not None and (no := changes.why_not(tx.connection, asking)) is not None:
            return Barred(*no)
        self.packets[admit.peer, admit.packet_digest] = admit
        return admit

    def _note_duplicate(self, admit: Admit, same_id: str | None) -> None:
        same_number = self.numbers.get(admit.number) if admit.number else None
        if same_number is not None:
            self.duplicates[admit.dispatch_id] = Duplicate(same_number, "number")
        elif same_id is not None:
            self.duplicates[admit.dispatch_id] = Duplicate(same_id, "document_id")
        if admit.number is not None:
            self.numbers.setdefault(admit.number, admit.dispatch_id)


def twin_of(row: Row[*tuple[Any, ...]]) -> Twin:
    """From the columns of a dispatch."""
    return Twin(row.id, row.packet_digest, row.ledger_index, instant(row.admitted_at), row.receipt_xml)
