"""Attempts know the ledger entry that says how they ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0012"
down_revision = "0011"

_KEPT = (
    *("delivery_id", "number", "claimant", "started_at", "claimed_until", "ended_at", "outcome"),
    "ledger_index",
)
_DIFFERS = {
    engine: f"({old}) {differs} ({new})"
    for engine, differs in (("sqlite", "IS NOT"), ("postgresql", "IS DISTINCT FROM"))
    for old, new in [tuple(", ".join(f"{row}.{column}" for column in _KEPT) for row in ("OLD", "NEW"))]
}
_ERASED = (
    "EXISTS (SELECT 1 FROM erasures WHERE dispatch_id = "
    "(SELECT dispatch_id FROM deliveries WHERE deliveries.id = OLD.delivery_id))"
)


def upgrade() -> None:
    """One column, empty for what ended before; the guard of closed attempts keeps it too."""
    op.add_column("attempts", sa.Column("ledger_index", sa.BigInteger()))
    engine = op.get_bind().dialect.name
    if engine == "sqlite":
        op.execute("DROP TRIGGER attempts_closed_update")
    else:
        op.execute("DROP TRIGGER attempts_closed_update ON attempts")
        op.execute("DROP FUNCTION attempts_closed_update()")
    erasing = f"NEW.detail = '' AND NOT ({_DIFFERS[engine]}) AND {_ERASED}"
    wrong = f"(OLD.ended_at IS NOT NULL) AND NOT ({erasing})"
    for statement in statements(
        engine, [Guard("closed", "attempts", "UPDATE", wrong, "a closed attempt never changes")]
    ):
        op.execute(statement)
