"""What an auditor should look at, remembered: nobody reads the whole ledger for it any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

KEY = sa.String(128)


def upgrade() -> None:
    """Three tables, empty: their task fills them from the ledger's beginning."""
    op.create_table(
        "oddities",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("indexes", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_oddities")),
        sqlite_with_rowid=False,
    )
    shown = sa.text("shown")
    op.create_index("ix_oddities_at", "oddities", ["kind", "at"], sqlite_where=shown, postgresql_where=shown)
    op.create_table(
        "number_runs",
        sa.Column("sender", KEY, nullable=False),
        sa.Column("notation", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("first", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("last", "first_index", "last_index", "at")),
        sa.PrimaryKeyConstraint("sender", "notation", "year", "first", name=op.f("pk_number_runs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_number_runs_at", "number_runs", ["at"])
    op.create_table(
        "oddity_progress",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.Column("latest_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oddity_progress")),
        sa.CheckConstraint("id = 1", name=op.f("ck_oddity_progress_single")),
    )
