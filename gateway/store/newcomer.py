"""A packet being admitted: everything the one transaction will write, and what it says of other packets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gateway.model.dispatch import Kind
from gateway.store.changes import Asking, NewChange
from gateway.store.spoken_of import NewLink, number_key
from gateway.store.statuses import NewStatus


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
class Newcomer:
    """An examined and sealed packet."""

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
    promulgated_on: date | None = None
    due_on: date | None = None
    priority: int | None = None
    links: tuple[NewLink, ...] = ()
    """What it says of other documents; of a change: one for each of its targets, in their order."""
    change: NewChange | None = None
    status: NewStatus | None = None

    @property
    def document(self) -> tuple[str, str] | None:
        """(document id, sender) of the new document this packet announces, or None."""
        if self.kind is Kind.DOCUMENT and self.business_type == 0 and self.document_id is not None:
            return self.document_id, self.sender
        return None

    @property
    def number(self) -> str | None:
        """The number the new document this packet announces bears in its year, or None."""
        if self.kind is Kind.DOCUMENT and self.business_type == 0 and self.code and self.promulgated_on is not None:
            return number_key(self.sender, self.code, self.promulgated_on.year)
        return None

    def asking(self, ledger_index: int) -> Asking | None:
        """The change it asks for, once its own entry has this index."""
        if self.change is None:
            return None
        receivers = tuple(one.addressee for one in self.deliveries)
        return Asking(
            self.dispatch_id, self.sender, self.document_id, receivers, self.admitted_at, ledger_index, self.change
        )
