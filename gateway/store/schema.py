"""The tables, once, for both engines: SQLite (embedded) and PostgreSQL.

Instants are whole microseconds since 1970 (UTC) and digests lower-case hex, so that a row reads the same from either
engine and from a console. Columns that hold large values come last: SQLite then finds the small ones on the first page.

What must never be false is said here and in the triggers of the migrations, not in Python: one delivery for each
addressee of a dispatch, one open attempt for each delivery, a dense ledger, final statuses that stay, rows that are
only appended. A thief of this database reads documents; a vandal can destroy it or stop the gateway, but cannot rewrite
the past unnoticed: the ledger's signed checkpoints, held elsewhere too, would no longer match.
"""

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
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TextClause,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = String(32)
"""Dispatches have 26 characters; a delivery adds its number among its dispatch's."""
Key = String(128)
Digest = String(64)
Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column spelt INTEGER (which holds 64 bits there)."""

WAITING = text("status IN ('queued', 'delivered')")
"""Deliveries an addressee may still fetch. Literal, because SQLite uses a partial index only for literal conditions."""
DUE = text("push AND status = 'queued'")
"""Deliveries the courier pushes when their time comes."""
UNDELIVERED = text("status IN ('queued', 'held')")
"""Deliveries a deadline can still end."""
NEW_DOCUMENT = text("kind = 'document' AND business_type = 0 AND document_id IS NOT NULL")
"""Dispatches that claim a document id; recalls, updates and replacements speak of one already claimed."""
OPEN = text("ended_at IS NULL")
CLAIMED = text("claimed_until IS NOT NULL")


def _partial_index(name: str, *columns: str, where: TextClause, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# The directory, at its current version.

directory_versions = Table(
    "directory_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger),
    Column("snapshot", LargeBinary, nullable=False),
)
"""`snapshot`: the whole directory at this version, so that what was examined under it can be examined again."""

agencies = Table(
    "agencies",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Key),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("successor", Key),
    Column("kinds", Text, nullable=False),
    Column("regime", String(16)),
    Column("policy", String(16)),
)
"""`kinds`: the words of AgencyKind with a space between them."""

agency_ids = Table(
    "agency_ids",
    metadata,
    Column("id", Key, primary_key=True),
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("position", Integer, nullable=False),
)

agency_certificates = Table(
    "agency_certificates",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("der", LargeBinary, nullable=False),
)

agency_signers = Table(
    "agency_signers",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("full_name", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("rank", String(16), nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)

agency_delegations = Table(
    "agency_delegations",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("capacity", String(16), nullable=False),
    Column("full_name", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)
"""`types`: names of types of document, one a line."""

peers = Table(
    "peers",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("push_url", Text),
    Column("policy", String(16), nullable=False),
    Column("revoked_at", BigInteger),
)

grants = Table(
    "grants",
    metadata,
    Column("peer", Key, ForeignKey("peers.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("agency", Key, nullable=False),
    Column("subtree", Boolean, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)

credentials = Table(
    "credentials",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("peer", Key, nullable=False, index=True),
    Column("added_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

# The ledger. The one row of ledger_head is also the lock that puts the writers of all processes in one order.

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("ledger_index", Serial, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),
)

ledger_tiles = Table(
    "ledger_tiles",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Serial, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
)

# Dispatches and their deliveries.

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
    Index("uq_dispatches_packet", "packet_digest", "peer", unique=True),
    _partial_index("uq_dispatches_new_document", "document_id", "sender", where=NEW_DOCUMENT, unique=True),
)

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
    Index("uq_deliveries_addressee", "dispatch_id", "addressee", unique=True),
    _partial_index("ix_deliveries_waiting", "peer", "ledger_index", "id", where=WAITING),
    _partial_index("ix_deliveries_due", "next_attempt_at", "addressee", where=DUE),
    _partial_index("ix_deliveries_deadline", "deadline_at", where=UNDELIVERED),
    _partial_index("ix_deliveries_claimed", "addressee", where=CLAIMED),
)

"""`ledger_index` is the dispatch's: inboxes are read in the order of commits, which identifiers only nearly follow."""

delivery_events = Table(
    "delivery_events",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("event", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
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
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
    _partial_index("uq_attempts_open", "delivery_id", where=OPEN, unique=True),
    sqlite_with_rowid=False,
)

# What was refused, and what this installation is.

refusals = Table(
    "refusals",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("peer", Key, nullable=False),
    Column("packet_digest", Digest),
    Column("reason", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
)

rule_tables = Table(
    "rule_tables",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", BigInteger, nullable=False),
    Column("proposed_by", Key, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("approved_by", Key),
    Column("approved_at", BigInteger),
    Column("approved_index", BigInteger, ForeignKey("ledger_entries.ledger_index")),
    Column("certificate", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
    CheckConstraint("approved_by <> proposed_by", name="two_people"),
)
"""Tables the rules rest on: sealed documents that one person proposed and another approved. `certificate` is the DER of
the one that sealed the document, `approved_index` the ledger entry that holds its digest."""

settings = Table(
    "settings",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),
)
