"""The ledger. The one row of ledger_head is also the lock that puts the writers of all processes in one order."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, SmallInteger, Table

from gateway.store.schema.columns import Serial, metadata

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
