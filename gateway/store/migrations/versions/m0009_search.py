"""What clerks find documents by: newest first for an agency, and by words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ID, WORD = sa.String(32), sa.String(160)


def upgrade() -> None:
    """Two indexes for lists of an agency; the index of words, empty: its task fills it from the ledger's beginning."""
    op.create_index("ix_dispatches_sender", "dispatches", ["sender", "id"])
    op.create_index("ix_deliveries_addressee", "deliveries", ["addressee", "id"])
    op.create_table(
        "search_words",
        sa.Column("word", WORD, nullable=False),
        sa.Column("dispatch_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("word", "dispatch_id", name=op.f("pk_search_words")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_texts",
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", name=op.f("pk_search_texts")),
    )
    op.create_table(
        "search_progress",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_progress")),
        sa.CheckConstraint("id = 1", name=op.f("ck_search_progress_single")),
    )
