"""What was refused, the tables the rules rest on, and what this installation is."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from gateway.store.schema.columns import Digest, Key, Serial, metadata

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

rule_sets = Table(
    "rule_sets",
    metadata,
    Column(
        "ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), primary_key=True, autoincrement=False
    ),
    Column("version", Key, nullable=False),
    Column("sha256", Digest, nullable=False),
)
"""By which release of the rules packets were examined, from which entry of the ledger on."""

settings = Table(
    "settings",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),
)
