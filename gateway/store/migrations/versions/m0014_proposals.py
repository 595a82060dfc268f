"""Directory versions proposed by one person and approved by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0014"
down_revision = "0013"

KEY, DIGEST = sa.String(128), sa.String(64)
KEPT = (
    *("number", "base_version", "proposed_by", "proposed_at", "added", "changed", "gone", "cut_off", "sha256"),
    *("change", "difference"),
)
"""What a decision leaves as it is."""
DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}


def upgrade() -> None:
    """One table, whose rows are decided once and otherwise stay as they were proposed."""
    op.create_table(
        "directory_proposals",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("proposed_by", KEY, nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("added", "changed", "gone", "cut_off")),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("decided_by", KEY),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("version", sa.Integer()),
        sa.Column("change", sa.LargeBinary(), nullable=False),
        sa.Column("difference", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_directory_proposals")),
        sa.ForeignKeyConstraint(
            ["version"], ["directory_versions.version"], name=op.f("fk_directory_proposals_version")
        ),
        sa.CheckConstraint("outcome IN ('approved', 'rejected')", name=op.f("ck_directory_proposals_outcome")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_directory_proposals_decided"),
        ),
        sa.CheckConstraint(
            "outcome <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_directory_proposals_two_people")
        ),
        sa.CheckConstraint(
            "(version IS NOT NULL) = (coalesce(outcome, '') = 'approved')",
            name=op.f("ck_directory_proposals_in_force"),
        ),
    )
    engine = op.get_bind().dialect.name
    was, will = (", ".join(f"{row}.{column}" for column in KEPT) for row in ("OLD", "NEW"))
    wrong = f"OLD.outcome IS NOT NULL OR NEW.outcome IS NULL OR ({was}) {DIFFERS[engine]} ({will})"
    once = Guard("decided", "directory_proposals", "UPDATE", wrong, "a proposal is only decided, and once")
    for statement in statements(engine, (once,), never_deleted=("directory_proposals",)):
        op.execute(statement)
