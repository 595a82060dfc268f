"""What agencies did, counted by day and by month: made from the ledger by a task of its own, so it may lag."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, SmallInteger, String, Table, text

from gateway.model.activity import MEASURES
from gateway.store.schema.columns import Id, Key, metadata, partial_index

IN_TIME = text("NOT late")
"""Receipts still owed whose deadline was not seen to pass."""

activity = Table(
    "activity",
    metadata,
    Column("span", String(10), primary_key=True),
    Column("agency", Key, primary_key=True),
    *(Column(measure.value, BigInteger, nullable=False) for measure in MEASURES),
    sqlite_with_rowid=False,
)
"""`span`: a day (`yyyy-mm-dd`) or a month (`yyyy-mm`) in Viet Nam. `agency`: empty where a refused peer speaks for
nobody. Each figure: `model.activity.Measure`."""

owed_receipts = Table(
    "owed_receipts",
    metadata,
    Column("dispatch_id", Id, primary_key=True),
    Column("addressee", Key, primary_key=True),
    Column("admitted_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger, nullable=False),
    Column("received", Boolean, nullable=False),
    Column("late", Boolean, nullable=False),
    partial_index("ix_owed_receipts_deadline_at", "deadline_at", where=IN_TIME),
    sqlite_with_rowid=False,
)
"""Documents whose receipt was not told yet. `received`: the addressee's system has it. `late`: counted as overdue."""

activity_progress = Table(
    "activity_progress",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),
    Column("round", BigInteger, nullable=False),
)
"""How far the ledger is counted. `round` goes up with every count, so that of two who count one is a round too
late."""
