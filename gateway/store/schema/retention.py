"""What is kept longer than its period, and what was destroyed when it had ended."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, SmallInteger, Table, text

from gateway.store.schema.columns import Digest, Id, metadata, partial_index

IN_FORCE = text("released_index IS NULL")
"""Holds nobody has released."""

holds = Table(
    "holds",
    metadata,
    Column(
        "ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), primary_key=True, autoincrement=False
    ),
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), nullable=False),
    Column("released_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
    partial_index("uq_holds_in_force", "dispatch_id", where=IN_FORCE, unique=True),
)
"""Dispatches that must not be erased, whatever their period; who said so, when and why stands in `acts`."""

destructions = Table(
    "destructions",
    metadata,
    Column("sha256", Digest, primary_key=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
)
"""Certificates of destruction, sealed, by their SHA-256."""

erasures = Table(
    "erasures",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id"), primary_key=True),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), nullable=False),
    Column("destruction", Digest, ForeignKey("destructions.sha256"), nullable=False, index=True),
    Column("erased_at", BigInteger, nullable=False),
    Column("envelope_sha256", Digest, nullable=False),
    Column("envelope_bytes", BigInteger, nullable=False),
)
"""Dispatches whose content is gone. From the digests of the envelope and of the attachments the packet's digest can
still be made."""

erased_attachments = Table(
    "erased_attachments",
    metadata,
    Column("dispatch_id", Id, ForeignKey("erasures.dispatch_id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("sha256", Digest, nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
