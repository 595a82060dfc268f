"""People who may enter the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0007"
down_revision = "0006"

KEY, DIGEST = sa.String(128), sa.String(64)


def upgrade() -> None:
    """People, whom they work for, their recovery codes and sessions, and what they did."""
    op.create_table(
        "people",
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("totp_serial", sa.Integer(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_people")),
    )
    op.create_table(
        "person_agencies",
        sa.Column("person", KEY, nullable=False),
        sa.Column("agency", KEY, nullable=False),
        sa.Column("subtree", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "agency", name=op.f("pk_person_agencies")),
        sa.ForeignKeyConstraint(["person"], ["people.key"], name=op.f("fk_person_agencies_person")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_codes")),
        sa.ForeignKeyConstraint(["person"], ["people.key"], name=op.f("fk_recovery_codes_person")),
    )
    op.create_index("ix_recovery_codes_person", "recovery_codes", ["person"])
    op.create_table(
        "sessions",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
        sa.ForeignKeyConstraint(["person"], ["people.key"], name=op.f("fk_sessions_person")),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "acts",
        sa.Column("ledger_index", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("by", KEY, nullable=False),
        sa.Column("action", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_index", name=op.f("pk_acts")),
        sa.ForeignKeyConstraint(["ledger_index"], ["ledger_entries.ledger_index"], name=op.f("fk_acts_ledger_index")),
    )
    op.create_index("ix_acts_subject", "acts", ["subject"])
    used_twice = Guard("once", "recovery_codes", "UPDATE", "OLD.used_at IS NOT NULL", "a recovery code counts once")
    ended = Guard("ended", "sessions", "UPDATE", "OLD.ended_at IS NOT NULL", "a session that ended stays ended")
    for statement in statements(op.get_bind().dialect.name, (used_twice, ended), ("acts",), ("people",)):
        op.execute(statement)
