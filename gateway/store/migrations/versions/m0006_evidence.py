"""Evidence issued, time stamps of checkpoints, salts of digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0006"
down_revision = "0005"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Three tables whose rows are only added; a salt may be erased with the words it belongs to."""
    op.create_table(
        "evidence",
        sa.Column("ledger_index", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger_index"], ["ledger_entries.ledger_index"], name=op.f("fk_evidence_ledger_index")
        ),
        sa.PrimaryKeyConstraint("ledger_index", "name", name=op.f("pk_evidence")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "timestamps",
        sa.Column("size", SERIAL, nullable=False, autoincrement=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoints.size"], name=op.f("fk_timestamps_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_timestamps")),
    )
    op.create_table(
        "salts",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_salts")),
    )
    same = [Guard("same", "salts", "UPDATE", "1 = 1", "a salt is kept or erased, never changed")]
    for statement in statements(op.get_bind().dialect.name, same, append_only=("evidence", "timestamps")):
        op.execute(statement)
