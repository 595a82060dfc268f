"""Cosignatures of the ledger's checkpoints, and the keys that followed one another."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import statements

revision = "0005"
down_revision = "0004"

WORD, DIGEST, INSTANT = sa.String(16), sa.String(64), sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two tables that only grow."""
    op.create_table(
        "cosignatures",
        _needed("size", SERIAL, autoincrement=False),
        _needed("witness", sa.Text()),
        _needed("cosigned_at", INSTANT, autoincrement=False),
        _needed("line", sa.LargeBinary()),
        _points("cosignatures", "size", "checkpoints.size"),
        sa.PrimaryKeyConstraint("size", "witness", "cosigned_at", name=op.f("pk_cosignatures")),
    )
    op.create_table(
        "gateway_keys",
        _needed("id", SERIAL),
        _needed("which", WORD),
        _needed("digest", DIGEST),
        _needed("recorded_at", INSTANT),
        _needed("ledger_index", sa.BigInteger()),
        _needed("public", sa.LargeBinary()),
        _points("gateway_keys", "ledger_index", "ledger_entries.ledger_index"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_keys")),
    )
    for statement in statements(op.get_bind().dialect.name, append_only=["cosignatures", "gateway_keys"]):
        op.execute(statement)


def _needed(name: str, kind: sa.types.TypeEngine[Any], autoincrement: bool = True) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement="auto" if autoincrement else False)


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
