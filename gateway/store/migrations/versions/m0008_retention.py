"""Retention: holds, erasures and what certifies them; the guards let exactly an erasure through. And which rules
examined packets, and since when."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0008"
down_revision = "0007"

ID, DIGEST = sa.String(32), sa.String(64)

_KEPT = {
    "dispatches": (
        *("id", "kind", "peer", "sender", "document_id", "business_type", "code", "packet_digest", "admitted_at"),
        *("ledger_index", "receipt_xml", "report_xml", "promulgated_on", "due_on", "priority", "number_key"),
        *("duplicate_of", "duplicate_by"),
    ),
    "delivery_events": ("id", "delivery_id", "event", "at", "ledger_index"),
    "statuses": (
        *("dispatch_id", "delivery_id", "agency", "addressee", "status_code", "document_id", "code", "stated_at"),
        *("recorded_at", "ledger_index"),
    ),
    "attempts": ("delivery_id", "number", "claimant", "started_at", "claimed_until", "ended_at", "outcome"),
    "changes": (
        *("dispatch_id", "delivery_id", "kind", "asked_at", "deadline_at", "ledger_index", "answer", "answered_at"),
        *("answered_by", "answer_index"),
    ),
}
"""What an erasure leaves in a row as it was."""

_ERASED = "EXISTS (SELECT 1 FROM erasures WHERE dispatch_id = {})"
_OF_DELIVERY = "(SELECT dispatch_id FROM deliveries WHERE deliveries.id = OLD.delivery_id)"
_EMPTIED = {
    "dispatches": ("length(NEW.envelope) = 0 AND NEW.subject = ''", "OLD.id"),
    "delivery_events": (
        "NEW.detail = '' AND (OLD.event = 'refused' OR substr(OLD.event, 1, 7) = 'status_')",
        _OF_DELIVERY,
    ),
    "statuses": ("NEW.description = '' AND NEW.salt = ''", "OLD.dispatch_id"),
    "attempts": ("NEW.detail = ''", _OF_DELIVERY),
    "changes": ("NEW.reason = ''", "OLD.dispatch_id"),
}
"""What it leaves of the rest, and whose erasure it must be."""

_BEFORE = {
    "dispatches": ("dispatches_kept_update", "1 = 1", "dispatches is append-only"),
    "delivery_events": ("delivery_events_kept_update", "1 = 1", "delivery_events is append-only"),
    "statuses": ("statuses_kept_update", "1 = 1", "statuses is append-only"),
    "attempts": ("attempts_closed_update", "OLD.ended_at IS NOT NULL", "a closed attempt never changes"),
    "changes": (
        "changes_answered_update",
        "OLD.answer IS NOT NULL OR NEW.answer IS NULL OR {asked}",
        "a change is only answered, and once",
    ),
}
"""The guard of an earlier revision: its name, what it refuses, its words."""

_ASKED = ("dispatch_id", "delivery_id", "kind", "asked_at", "deadline_at", "ledger_index", "reason")


def upgrade() -> None:
    """Five tables; updates that empty what an erasure names; deletions of attachments it names."""
    op.create_table(
        "holds",
        sa.Column("ledger_index", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("released_index", sa.BigInteger()),
        sa.PrimaryKeyConstraint("ledger_index", name=op.f("pk_holds")),
        sa.ForeignKeyConstraint(["ledger_index"], ["ledger_entries.ledger_index"], name=op.f("fk_holds_ledger_index")),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_holds_dispatch_id")),
        sa.ForeignKeyConstraint(
            ["released_index"], ["ledger_entries.ledger_index"], name=op.f("fk_holds_released_index")
        ),
    )
    in_force = sa.text("released_index IS NULL")
    op.create_index(
        "uq_holds_in_force", "holds", ["dispatch_id"], unique=True, sqlite_where=in_force, postgresql_where=in_force
    )
    op.create_table(
        "destructions",
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_destructions")),
    )
    op.create_table(
        "erasures",
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("ledger_index", sa.BigInteger(), nullable=False),
        sa.Column("destruction", DIGEST, nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("envelope_sha256", DIGEST, nullable=False),
        sa.Column("envelope_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", name=op.f("pk_erasures")),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_erasures_dispatch_id")),
        sa.ForeignKeyConstraint(
            ["ledger_index"], ["ledger_entries.ledger_index"], name=op.f("fk_erasures_ledger_index")
        ),
        sa.ForeignKeyConstraint(["destruction"], ["destructions.sha256"], name=op.f("fk_erasures_destruction")),
    )
    op.create_index("ix_erasures_destruction", "erasures", ["destruction"])
    op.create_table(
        "erased_attachments",
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_erased_attachments")),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["erasures.dispatch_id"], name=op.f("fk_erased_attachments_dispatch_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_erased_attachments_sha256", "erased_attachments", ["sha256"])
    op.create_table(
        "rule_sets",
        sa.Column("ledger_index", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("ledger_index", name=op.f("pk_rule_sets")),
        sa.ForeignKeyConstraint(
            ["ledger_index"], ["ledger_entries.ledger_index"], name=op.f("fk_rule_sets_ledger_index")
        ),
    )
    engine = op.get_bind().dialect.name
    _let_erasures_through(engine)
    kept = ("destructions", "erasures", "erased_attachments", "rule_sets")
    for statement in statements(engine, _new_guards(engine), append_only=kept, never_deleted=("holds",)):
        op.execute(statement)


def _new_guards(engine: str) -> list[Guard]:
    differs = _differs(engine)
    same = differs("OLD", "NEW", ("ledger_index", "dispatch_id"))
    return [
        Guard("once", "holds", "UPDATE", f"OLD.released_index IS NOT NULL OR {same}", "a hold is only released, once"),
        Guard(
            "held",
            "erasures",
            "INSERT",
            "EXISTS (SELECT 1 FROM holds WHERE dispatch_id = NEW.dispatch_id AND released_index IS NULL)",
            "what is held is not erased",
        ),
        Guard(
            "was",
            "erased_attachments",
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM dispatch_attachments WHERE dispatch_id = NEW.dispatch_id "
            "AND number = NEW.number AND sha256 = NEW.sha256 AND size_bytes = NEW.size_bytes)",
            "only an attachment of the dispatch is erased",
        ),
    ]


def _let_erasures_through(engine: str) -> None:
    """Put guards in the place of those that let nothing through."""
    differs, guards = _differs(engine), []
    for table, (name, refused, words) in _BEFORE.items():
        _drop(engine, table, name)
        emptied, whose = _EMPTIED[table]
        wrong = refused.format(asked=differs("OLD", "NEW", _ASKED))
        erasing = f"{emptied} AND NOT ({differs('OLD', 'NEW', _KEPT[table])}) AND {_ERASED.format(whose)}"
        guard_name = name.removeprefix(f"{table}_").removesuffix("_update")
        guards.append(Guard(guard_name, table, "UPDATE", f"({wrong}) AND NOT ({erasing})", words))
    erased_part = (
        "EXISTS (SELECT 1 FROM erased_attachments WHERE dispatch_id = OLD.dispatch_id AND number = OLD.number "
        "AND sha256 = OLD.sha256)"
    )
    _drop(engine, "dispatch_attachments", "dispatch_attachments_kept_delete")
    guards.append(
        Guard("kept", "dispatch_attachments", "DELETE", f"NOT {erased_part}", "dispatch_attachments is append-only")
    )
    _drop(engine, "blobs", "blobs_kept_delete")
    in_use = "EXISTS (SELECT 1 FROM dispatch_attachments WHERE sha256 = OLD.sha256)"
    was_erased = "EXISTS (SELECT 1 FROM erased_attachments WHERE sha256 = OLD.sha256)"
    guards.append(Guard("kept", "blobs", "DELETE", f"{in_use} OR NOT {was_erased}", "blobs is append-only"))
    for statement in statements(engine, guards):
        op.execute(statement)


def _drop(engine: str, table: str, name: str) -> None:
    if engine == "sqlite":
        op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")


def _differs(engine: str) -> Callable[[str, str, tuple[str, ...]], str]:
    """Writes that two rows differ in some columns."""
    word = "IS NOT" if engine == "sqlite" else "IS DISTINCT FROM"

    def written(one: str, other: str, columns: tuple[str, ...]) -> str:
        left, right = (", ".join(f"{row}.{column}" for column in columns) for row in (one, other))
        return f"({left}) {word} ({right})"

    return written
