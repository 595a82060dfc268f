"""Uploads that may be taken up again; who is about to speak of large content, and what of it is being destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Two tables without guards: they speak of what is on no record yet."""
    op.create_table(
        "blob_claims",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob_claims")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("peer", sa.String(128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset_bytes", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.CheckConstraint("offset_bytes BETWEEN 0 AND size_bytes", name=op.f("ck_uploads_within")),
        sa.CheckConstraint("sha256 IS NULL OR offset_bytes = size_bytes", name=op.f("ck_uploads_whole")),
    )
    op.create_index("ix_uploads_peer", "uploads", ["peer"])
