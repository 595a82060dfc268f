"""What happens to a document after its delivery: statuses, changes, links."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0002"
down_revision = "0001"

ID, KEY, WORD = sa.String(32), sa.String(128), sa.String(16)
INSTANT = sa.BigInteger()

_ASKED = ("dispatch_id", "delivery_id", "kind", "asked_at", "deadline_at", "ledger_index", "reason")
_CHANGED = {
    engine: f"OLD.answer IS NOT NULL OR NEW.answer IS NULL OR ({old}) {differs} ({new})"
    for engine, differs in (("sqlite", "IS NOT"), ("postgresql", "IS DISTINCT FROM"))
    for old, new in [tuple(", ".join(f"{row}.{column}" for column in _ASKED) for row in ("OLD", "NEW"))]
}


def upgrade() -> None:
    """Three tables, and what a document says of itself that deadlines and duplicates need."""
    _dispatches()
    _statuses()
    _changes()
    _links()
    engine = op.get_bind().dialect.name
    answered = Guard("answered", "changes", "UPDATE", _CHANGED[engine], "a change is only answered, and once")
    for statement in statements(engine, [answered], ["statuses", "links"], ["changes"]):
        op.execute(statement)


def _dispatches() -> None:
    for name, kind in (
        ("promulgated_on", sa.String(10)),
        ("due_on", sa.String(10)),
        ("priority", sa.SmallInteger()),
        ("number_key", sa.Text()),
        ("duplicate_of", ID),
        ("duplicate_by", WORD),
    ):
        op.add_column("dispatches", sa.Column(name, kind))
    op.create_index("uq_dispatches_number", "dispatches", ["number_key"], unique=True)
    repeats = sa.text("duplicate_of IS NOT NULL")
    op.create_index(
        "ix_dispatches_duplicate_of", "dispatches", ["duplicate_of"], sqlite_where=repeats, postgresql_where=repeats
    )


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _statuses() -> None:
    op.create_table(
        "statuses",
        _needed("dispatch_id", ID),
        sa.Column("delivery_id", ID),
        _needed("agency", KEY),
        _needed("addressee", KEY),
        _needed("status_code", sa.String(2)),
        sa.Column("document_id", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("stated_at", INSTANT),
        _needed("recorded_at", INSTANT),
        _needed("ledger_index", sa.BigInteger()),
        _needed("salt", sa.String(32)),
        _needed("description", sa.Text()),
        _points("statuses", "dispatch_id", "dispatches.id"),
        _points("statuses", "delivery_id", "deliveries.id"),
        _points("statuses", "ledger_index", "ledger_entries.ledger_index"),
        sa.PrimaryKeyConstraint("dispatch_id", name=op.f("pk_statuses")),
    )
    op.create_index("ix_statuses_delivery_id", "statuses", ["delivery_id"])
    op.create_index("ix_statuses_ledger_index", "statuses", ["ledger_index"])


def _changes() -> None:
    op.create_table(
        "changes",
        _needed("dispatch_id", ID),
        _needed("delivery_id", ID),
        _needed("kind", WORD),
        _needed("asked_at", INSTANT),
        sa.Column("deadline_at", INSTANT),
        _needed("ledger_index", sa.BigInteger()),
        sa.Column("answer", WORD),
        sa.Column("answered_at", INSTANT),
        sa.Column("answered_by", ID),
        sa.Column("answer_index", sa.BigInteger()),
        _needed("reason", sa.Text()),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_changes_answered")),
        _points("changes", "dispatch_id", "dispatches.id"),
        _points("changes", "delivery_id", "deliveries.id"),
        _points("changes", "ledger_index", "ledger_entries.ledger_index"),
        _points("changes", "answered_by", "dispatches.id"),
        _points("changes", "answer_index", "ledger_entries.ledger_index"),
        sa.PrimaryKeyConstraint("dispatch_id", "delivery_id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_delivery_id", "changes", ["delivery_id"])
    for name, column, words in (
        ("ix_changes_unanswered", "deadline_at", "answer IS NULL"),
        ("ix_changes_taken_back", "ledger_index", "answer = 'withdrawn'"),
    ):
        where = sa.text(words)
        op.create_index(name, "changes", [column], sqlite_where=where, postgresql_where=where)


def _links() -> None:
    op.create_table(
        "links",
        _needed("dispatch_id", ID),
        sa.Column("position", sa.SmallInteger(), nullable=False, autoincrement=False),
        _needed("relation", WORD),
        sa.Column("document_id", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("organ_id", sa.Text()),
        sa.Column("target", ID),
        _points("links", "dispatch_id", "dispatches.id"),
        _points("links", "target", "dispatches.id"),
        sa.PrimaryKeyConstraint("dispatch_id", "position", name=op.f("pk_links")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_target", "links", ["target"])
