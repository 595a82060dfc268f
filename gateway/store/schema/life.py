"""What happens to a document after its delivery: statuses, changes, and the links between packets."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, SmallInteger, String, Table, Text, text

from gateway.store.schema.columns import Id, Key, metadata, partial_index

UNANSWERED = text("answer IS NULL")
"""Changes an addressee has not answered."""
TAKEN_BACK = text("answer = 'withdrawn'")
"""Changes that found the document still here."""

statuses = Table(
    "statuses",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True),
    Column("agency", Key, nullable=False),
    Column("addressee", Key, nullable=False),
    Column("status_code", String(2), nullable=False),
    Column("document_id", Text),
    Column("code", Text),
    Column("stated_at", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), nullable=False, index=True),
    Column("salt", String(32), nullable=False),
    Column("description", Text, nullable=False),
)
"""Status packets as they came. `delivery_id` is what one speaks of, null where the register knows no such delivery;
`agency` says it, to `addressee`; `code` is the document's number and notation. The ledger holds the digest of `salt`
(hex) and `description` where they answer a change."""

changes = Table(
    "changes",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), primary_key=True, index=True),
    Column("kind", String(16), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), nullable=False),
    Column("answer", String(16)),
    Column("answered_at", BigInteger),
    Column("answered_by", Id, ForeignKey("dispatches.id")),
    Column("answer_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
    Column("reason", Text, nullable=False),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    partial_index("ix_changes_unanswered", "deadline_at", where=UNANSWERED),
    partial_index("ix_changes_taken_back", "ledger_index", where=TAKEN_BACK),
)
"""What a packet (`dispatch_id`) asks about a delivery of the document it changes, and the answer; `answered_by` is the
status packet that gave it, null where the gateway withdrew the delivery."""

links = Table(
    "links",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("relation", String(16), nullable=False),
    Column("document_id", Text),
    Column("code", Text),
    Column("organ_id", Text),
    Column("target", Id, ForeignKey("dispatches.id"), index=True),
    sqlite_with_rowid=False,
)
"""What a packet says of other documents, as it says it; `target` is the one meant, where its writer was a party to
it."""
