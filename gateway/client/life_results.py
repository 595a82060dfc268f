"""What a packet says, and how dispatches hang together, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.client.results import Attachment


class Content(Struct, frozen=True):
    """What a packet says, in plain words and lists: `document` or `status`, by `kind`."""

    delivery_id: str
    dispatch_id: str
    kind: str
    document: dict[str, Any] | None
    status: dict[str, Any] | None
    attachments: tuple[Attachment, ...]


class Unmatched(Struct, frozen=True):
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


class UnmatchedPage(Struct, frozen=True):
    """A page of them; `next` continues after it."""

    statuses: tuple[Unmatched, ...]
    next: int | None


class Link(Struct, frozen=True):
    """How a dispatch speaks of another: replies, recalls, updates, replaces, reports."""

    relation: str
    target: str


class Related(Struct, frozen=True):
    """A dispatch of a thread."""

    id: str
    kind: str
    sender: str
    document_id: str | None
    code: str
    subject: str
    business_type: int
    admitted_at: datetime
    links: tuple[Link, ...]


class Thread(Struct, frozen=True):
    """Dispatches that hang together, in the order of admission."""

    dispatches: tuple[Related, ...]
