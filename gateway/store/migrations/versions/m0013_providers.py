"""People known by an OpenID Connect provider; sessions by how they began; browsers somebody entered from before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KEY, DIGEST = sa.String(128), sa.String(64)


def upgrade() -> None:
    """Three tables, and two columns of the sessions."""
    op.add_column("sessions", sa.Column("method", sa.String(16), nullable=False, server_default="password"))
    op.add_column("sessions", sa.Column("agent", sa.Text()))
    op.create_table(
        "provider_accounts",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_provider_accounts")),
        sa.ForeignKeyConstraint(["person"], ["people.key"], name=op.f("fk_provider_accounts_person")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_provider_accounts_person", "provider_accounts", ["person"], unique=True)
    op.create_table(
        "provider_answers",
        sa.Column("state", DIGEST, nullable=False),
        sa.Column("came_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_provider_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_provider_answers_came_at", "provider_answers", ["came_at"])
    op.create_table(
        "known_browsers",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_known_browsers")),
        sa.ForeignKeyConstraint(["person"], ["people.key"], name=op.f("fk_known_browsers_person")),
    )
    op.create_index("ix_known_browsers_person", "known_browsers", ["person"])
