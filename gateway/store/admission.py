"""Admitting and refusing: the one transaction behind a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, select

from gateway.model.dispatch import Kind
from gateway.model.reasons import Reason
from gateway.store.instants import instant, micros
from gateway.store.schema import (
    NEW_DOCUMENT,
    blobs,
    deliveries,
    delivery_events,
    dispatch_attachments,
    dispatches,
    refusals,
)
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

QUEUED = "queued"
"""The first status of a delivery, and the first event of its timeline."""


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """An attachment of a packet being admitted. `data` is None where the bytes are a file already."""

    content_id: str
    name: str | None
    content_type: str | None
    sha256: str
    size_bytes: int
    data: bytes | None
    description: str | None = None
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One addressee of a packet being admitted."""

    id: str
    addressee: str
    addressed_as: str
    peer: str
    """Who collects it, or is pushed to."""
    push: bool
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Admitted:
    """Committed: document, deliveries and ledger entry are durable."""

    ledger_index: int


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
class Admit(Operation[Admitted | Twin | Conflict]):
    """Record an examined and sealed packet, its deliveries and its ledger entry."""

    dispatch_id: str
    kind: Kind
    peer: str
    sender: str
    document_id: str | None
    business_type: int
    code: str
    subject: str
    packet_digest: str
    admitted_at: datetime
    receipt_xml: bytes
    report_xml: bytes
    envelope: bytes
    attachments: tuple[NewAttachment, ...]
    deliveries: tuple[NewDelivery, ...]
    entry: bytes

    @property
    def document(self) -> tuple[str, str] | None:
        """(document id, sender) of the new document this packet announces, or None."""
        if self.kind is Kind.DOCUMENT and self.business_type == 0 and self.document_id is not None:
            return self.document_id, self.sender
        return None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[Admitted | Twin | Conflict]:
        """Sort out in order who is new, record those, answer all."""
        seen = _Seen.find(tx.connection, operations)
        verdicts = [seen.verdict(admit) for admit in operations]
        new = [admit for admit, verdict in zip(operations, verdicts, strict=True) if verdict is admit]
        indexes = dict(zip((admit.dispatch_id for admit in new), tx.append([one.entry for one in new]), strict=True))
        _insert(tx.connection, new, indexes)
        return [_answer(admit, verdict, indexes) for admit, verdict in zip(operations, verdicts, strict=True)]


_PACKETS = select(
    dispatches.c.peer,
    dispatches.c.id,
    dispatches.c.packet_digest,
    dispatches.c.ledger_index,
    dispatches.c.admitted_at,
    dispatches.c.receipt_xml,
).where(dispatches.c.packet_digest.in_(bindparam("digests", expanding=True)))

_DOCUMENTS = (
    select(dispatches.c.document_id, dispatches.c.sender, dispatches.c.id)
    .where(dispatches.c.document_id.in_(bindparam("document_ids", expanding=True)))
    .where(NEW_DOCUMENT)
)


@dataclass(slots=True)
class _Seen:
    """What is on record already, in the database or earlier in this very group."""

    packets: dict[tuple[str, str], Twin | Admit] = field(default_factory=dict)
    """By (peer, packet digest)."""
    documents: dict[tuple[str, str], str] = field(default_factory=dict)
    """Dispatch ids by (document id, sender)."""

    @classmethod
    def find(cls, connection: Connection, operations: Sequence[Admit]) -> _Seen:
        seen = cls()
        for row in connection.execute(_PACKETS, {"digests": [one.packet_digest for one in operations]}):
            seen.packets[row.peer, row.packet_digest] = twin_of(row)
        document_ids = [one.document_id for one in operations if one.document]
        if document_ids:
            for document_id, sender, dispatch_id in connection.execute(_DOCUMENTS, {"document_ids": document_ids}):
                seen.documents[document_id, sender] = dispatch_id
        return seen

    def verdict(self, admit: Admit) -> Twin | Conflict | Admit:
        """What this packet is, after those before it: itself where it is new, or the mate of its group it repeats."""
        known = self.packets.get((admit.peer, admit.packet_digest))
        if known is not None:
            return known
        if admit.document is not None:
            if admit.document in self.documents:
                return Conflict(self.documents[admit.document])
            self.documents[admit.document] = admit.dispatch_id
        self.packets[admit.peer, admit.packet_digest] = admit
        return admit


def _answer(admit: Admit, verdict: Twin | Conflict | Admit, indexes: dict[str, int]) -> Admitted | Twin | Conflict:
    if not isinstance(verdict, Admit):
        return verdict
    index = indexes[verdict.dispatch_id]
    if verdict is admit:
        return Admitted(index)
    return Twin(verdict.dispatch_id, verdict.packet_digest, index, verdict.admitted_at, verdict.receipt_xml)


def twin_of(row: Row[*tuple[Any, ...]]) -> Twin:
    """From the columns of a dispatch."""
    return Twin(row.id, row.packet_digest, row.ledger_index, instant(row.admitted_at), row.receipt_xml)


_BLOB = Insertion(blobs, "sha256", "size_bytes", "data", where_missing=True)
_DISPATCH = Insertion(
    dispatches,
    "id",
    "kind",
    "peer",
    "sender",
    "document_id",
    "business_type",
    "code",
    "packet_digest",
    "admitted_at",
    "ledger_index",
    "subject",
    "receipt_xml",
    "report_xml",
    "envelope",
)
_ATTACHMENT = Insertion(
    dispatch_attachments,
    "dispatch_id",
    "number",
    "content_id",
    "content_type",
    "name",
    "description",
    "sha256",
    "size_bytes",
    "wrapped",
)
_DELIVERY = Insertion(
    deliveries,
    "id",
    "dispatch_id",
    "ledger_index",
    "addressee",
    "addressed_as",
    "peer",
    "push",
    "status",
    "deadline_at",
    "next_attempt_at",
    "attempts",
)
EVENT = Insertion(delivery_events, "delivery_id", "event", "at", "detail", "ledger_index")


def _insert(connection: Connection, new: Sequence[Admit], indexes: dict[str, int]) -> None:
    _BLOB.run(connection, [(one.sha256, one.size_bytes, one.data) for admit in new for one in admit.attachments])
    _DISPATCH.run(connection, [_dispatch_row(admit, indexes[admit.dispatch_id]) for admit in new])
    _ATTACHMENT.run(
        connection,
        [
            (
                admit.dispatch_id,
                number,
                one.content_id,
                one.content_type,
                one.name,
                one.description,
                one.sha256,
                one.size_bytes,
                one.wrapped,
            )
            for admit in new
            for number, one in enumerate(admit.attachments)
        ],
    )
    _DELIVERY.run(
        connection,
        [
            (
                one.id,
                admit.dispatch_id,
                indexes[admit.dispatch_id],
                one.addressee,
                one.addressed_as,
                one.peer,
                one.push,
                QUEUED,
                micros(one.deadline_at),
                micros(admit.admitted_at),
                0,
            )
            for admit in new
            for one in admit.deliveries
        ],
    )
    EVENT.run(
        connection,
        [
            (one.id, QUEUED, micros(admit.admitted_at), "", indexes[admit.dispatch_id])
            for admit in new
            for one in admit.deliveries
        ],
    )


def _dispatch_row(admit: Admit, ledger_index: int) -> tuple[Any, ...]:
    return (
        admit.dispatch_id,
        admit.kind.value,
        admit.peer,
        admit.sender,
        admit.document_id,
        admit.business_type,
        admit.code,
        admit.packet_digest,
        micros(admit.admitted_at),
        ledger_index,
        admit.subject,
        admit.receipt_xml,
        admit.report_xml,
        admit.envelope,
    )


_REFUSAL = Insertion(refusals, "peer", "packet_digest", "reason", "at", "ledger_index")


@dataclass(frozen=True, slots=True)
class RecordRefusal(Operation[int | None]):
    """Record that a submission was refused: by digest and reason, never its content. Gives the index of the entry."""

    peer: str
    packet_digest: str | None
    reason: Reason
    at: datetime
    entry: bytes | None
    """None: recorded in the register only (a flood of refusals does not grow the ledger)."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        indexes = tx.append_some([one.entry for one in operations])
        _REFUSAL.run(
            tx.connection,
            [
                (one.peer, one.packet_digest, one.reason.value, micros(one.at), index)
                for one, index in zip(operations, indexes, strict=True)
            ],
        )
        return indexes
