"""What agencies did, counted by day and by month for those who steer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID, KEY = sa.String(32), sa.String(128)
FIGURES = (
    *("sent", "signed", "received", "same_day", "refused_form", "refused_authority", "refused_other", "recalled"),
    "overdue",
)


def upgrade() -> None:
    """Three tables, empty: their task fills them from the ledger's beginning."""
    op.create_table(
        "activity",
        sa.Column("span", sa.String(10), nullable=False),
        sa.Column("agency", KEY, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FIGURES),
        sa.PrimaryKeyConstraint("span", "agency", name=op.f("pk_activity")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "owed_receipts",
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("addressee", KEY, nullable=False),
        sa.Column("admitted_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", "addressee", name=op.f("pk_owed_receipts")),
        sqlite_with_rowid=False,
    )
    in_time = sa.text("NOT late")
    op.create_index(
        "ix_owed_receipts_deadline_at",
        "owed_receipts",
        ["deadline_at"],
        sqlite_where=in_time,
        postgresql_where=in_time,
    )
    op.create_table(
        "activity_progress",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_progress")),
        sa.CheckConstraint("id = 1", name=op.f("ck_activity_progress_single")),
    )
