"""What an agency's desk rests on: deliveries by their sender and by the day they are due, without their dispatches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_UNSETTLED = sa.text("status IN ('queued', 'delivered', 'refused', 'expired')")
_DATED = sa.text("due_on IS NOT NULL")


def upgrade() -> None:
    """Three columns that repeat the dispatch's, filled for what is there, and the indexes over them."""
    for name, kind in (("sender", sa.String(128)), ("due_on", sa.String(10)), ("priority", sa.SmallInteger())):
        op.add_column("deliveries", sa.Column(name, kind))
    op.execute(
        "UPDATE deliveries SET (sender, due_on, priority) = (SELECT dispatches.sender, dispatches.due_on, "
        "dispatches.priority FROM dispatches WHERE dispatches.id = deliveries.dispatch_id)"
    )
    _partial("ix_deliveries_unsettled", ["sender", "id"], _UNSETTLED)
    _partial("ix_deliveries_due_from", ["sender", "due_on"], _DATED)
    _partial("ix_deliveries_due_to", ["addressee", "due_on"], _DATED)


def _partial(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)
