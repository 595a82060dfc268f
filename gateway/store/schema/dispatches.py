"""Dispatches and their deliveries."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from gateway.store.schema.columns import Digest, Id, Key, Serial, metadata, partial_index

WAITING = text("status IN ('queued', 'delivered')")
"""Deliveries an addressee may still fetch. Literal, because SQLite uses a partial index only for literal conditions."""
HELD = text("status = 'held'")
"""Deliveries the operator keeps back for now."""
DUE = text("push AND status = 'queued'")
"""Deliveries the courier pushes when their time comes."""
UNDELIVERED = text("status IN ('queued', 'held')")
"""Deliveries a deadline can still end."""
NEW_DOCUMENT = text("kind = 'document' AND business_type = 0 AND document_id IS NOT NULL")
"""Dispatches that claim a document id; recalls, updates and replacements speak of one already claimed."""
REPEATS = text("duplicate_of IS NOT NULL")
OPEN = text("ended_at IS NULL")
CLAIMED = text("claimed_until IS NOT NULL")
DATED = text("due_on IS NOT NULL")
"""Documents to be dealt with by a day."""
UNSETTLED = text("status IN ('queued', 'delivered', 'refused', 'expired')")
"""Deliveries a sender may have to see to: not acknowledged yet, or never to be."""
SENT_BACK = text("event IN ('refused', 'status_02')")
"""An addressee's system or its people would not take the document."""


blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Digest, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("data", LargeBinary),
)
"""Attachments by content. `data` is null where the bytes are a file of that name in the blob folder."""

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("peer", Key, nullable=False),
    Column("sender", Key, nullable=False),
    Column("document_id", Text, index=True),
    Column("business_type", SmallInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("packet_digest", Digest, nullable=False),
    Column("admitted_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("receipt_xml", LargeBinary, nullable=False),
    Column("report_xml", LargeBinary, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("promulgated_on", String(10)),
    Column("due_on", String(10)),
    Column("priority", SmallInteger),
    Column("number_key", Text),
    Column("duplicate_of", Id),
    Column("duplicate_by", String(16)),
    Index("uq_dispatches_number", "number_key", unique=True),
    partial_index("ix_dispatches_duplicate_of", "duplicate_of", where=REPEATS),
    Index("uq_dispatches_packet", "packet_digest", "peer", unique=True),
    partial_index("uq_dispatches_new_document", "document_id", "sender", where=NEW_DOCUMENT, unique=True),
    partial_index("ix_dispatches_due_on", "due_on", "id", where=DATED),
    Index("ix_dispatches_sender", "sender", "id"),
)

"""Days are `yyyy-mm-dd`, null where the packet names none that exists. `number_key`: year,
agency and number, on the first document to bear it; null on every other. `duplicate_of`: the document whose number
(`duplicate_by` "number") or identifier ("document_id") it repeats."""

dispatch_attachments = Table(
    "dispatch_attachments",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("content_id", Text, nullable=False),
    Column("content_type", Text),
    Column("name", Text),
    Column("description", Text),
    Column("sha256", Digest, ForeignKey("blobs.sha256"), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("wrapped", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), nullable=False),
    Column("ledger_index", BigInteger, nullable=False),
    Column("addressee", Key, nullable=False),
    Column("addressed_as", Key, nullable=False),
    Column("peer", Key, nullable=False),
    Column("push", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("deadline_at", BigInteger, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", BigInteger),
    Column("sender", Key),
    Column("due_on", String(10)),
    Column("priority", SmallInteger),
    Index("uq_deliveries_addressee", "dispatch_id", "addressee", unique=True),
    partial_index("ix_deliveries_waiting", "peer", "ledger_index", "id", where=WAITING),
    partial_index("ix_deliveries_open", "addressee", "id", where=WAITING),
    partial_index("ix_deliveries_held", "addressee", where=HELD),
    partial_index("ix_deliveries_due", "next_attempt_at", "addressee", where=DUE),
    partial_index("ix_deliveries_deadline", "deadline_at", where=UNDELIVERED),
    partial_index("ix_deliveries_claimed", "addressee", where=CLAIMED),
    Index("ix_deliveries_addressee", "addressee", "id"),
    partial_index("ix_deliveries_unsettled", "sender", "id", where=UNSETTLED),
    partial_index("ix_deliveries_due_from", "sender", "due_on", where=DATED),
    partial_index("ix_deliveries_due_to", "addressee", "due_on", where=DATED),
)

"""`ledger_index`, `sender`, `due_on` and `priority` are the dispatch's: inboxes are read in the order of commits, which
identifiers only nearly follow, and what an agency's desk shows is a stretch of an index."""

delivery_events = Table(
    "delivery_events",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("event", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
    partial_index("ix_delivery_events_sent_back", "at", where=SENT_BACK),
)
"""Every change of a delivery, in commit order: timelines and event streams read from here."""

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Id, ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("claimant", Key, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String(16)),
    Column("detail", Text, nullable=False),
    Column("ledger_index", BigInteger),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
    partial_index("uq_attempts_open", "delivery_id", where=OPEN, unique=True),
    sqlite_with_rowid=False,
)
"""`ledger_index`: the entry that says how it ended; null while it is under way, where the delivery's own entry says it,
and for what ended before revision 0012."""
