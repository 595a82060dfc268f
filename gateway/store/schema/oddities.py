"""What an auditor should look at, remembered: made from the ledger by a task of its own, so it may lag."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from gateway.store.schema.columns import Key, metadata, partial_index

SHOWN = text("shown")
"""What is odd by now; some things are only where there are many of them."""

oddities = Table(
    "oddities",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("indexes", Text, nullable=False),
    Column("said", Text, nullable=False),
    partial_index("ix_oddities_at", "kind", "at", where=SHOWN),
    sqlite_with_rowid=False,
)
"""`key`: what makes it one and the same. `indexes`: the first entries that show it, apart by commas. `said`: its values
as JSON. Gaps between numbers are not here: they are what `number_runs` leaves out."""

number_runs = Table(
    "number_runs",
    metadata,
    Column("sender", Key, primary_key=True),
    Column("notation", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("last_index", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_number_runs_at", "at"),
    sqlite_with_rowid=False,
)
"""Numbers an agency gave without a gap, by notation and year. `at`: when the first of them was admitted;
`first_index`, `last_index`: the entries of the first and the last."""

oddity_progress = Table(
    "oddity_progress",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),
    Column("latest_at", BigInteger, nullable=False),
)
"""How far the ledger was looked through, and the latest instant any entry before that bears."""
