"""Triggers: what no program may do to the register, ours included, in the words of either engine.

A guard refuses with a sentence that names the rule. Each revision keeps its own list, never changed later: the first
one's is here, a later one's stands in its file and is put into words by `statements`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_APPEND_ONLY = (
    "directory_versions",
    "ledger_entries",
    "checkpoints",
    "blobs",
    "dispatches",
    "dispatch_attachments",
    "delivery_events",
    "refusals",
)
_NEVER_DELETED = ("ledger_head", "ledger_tiles", "deliveries", "attempts", "rule_tables")
_RULE_TABLE_KEPT = ("name", "version", "effective_from", "proposed_by", "proposed_at", "certificate", "document")


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuse `event` on `table` with `message` where `wrong` holds (SQL over OLD and NEW)."""

    name: str
    table: str
    event: str
    wrong: str
    message: str


_TILE_PREFIX = {
    "sqlite": "substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes",
    "postgresql": "substring(NEW.hashes from 1 for length(OLD.hashes)) <> OLD.hashes",
}


_RULE_TABLE_CHANGED = {
    engine: f"OLD.approved_by IS NOT NULL OR NEW.approved_by IS NULL OR ({old}) {differs} ({new})"
    for engine, differs in (("sqlite", "IS NOT"), ("postgresql", "IS DISTINCT FROM"))
    for old, new in [tuple(", ".join(f"{row}.{column}" for column in _RULE_TABLE_KEPT) for row in ("OLD", "NEW"))]
}


def guards_of_first(engine: str) -> list[str]:
    """The statements that make the triggers of revision 0001, for "sqlite" or "postgresql"."""
    dense = "(SELECT coalesce(max(ledger_index) + 1, 0) FROM ledger_entries)"
    guards = [
        Guard("dense", "ledger_entries", "INSERT", f"NEW.ledger_index <> {dense}", "ledger indexes are dense"),
        Guard("counts", "ledger_head", "UPDATE", f"NEW.size <> {dense}", "ledger_head counts the ledger's entries"),
        Guard(
            "grows",
            "checkpoints",
            "INSERT",
            "NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoints) OR NEW.size > (SELECT size FROM ledger_head)",
            "a checkpoint covers more than those before it, and no more than the ledger holds",
        ),
        Guard("extends", "ledger_tiles", "UPDATE", _TILE_PREFIX[engine], "a tile only grows"),
        Guard(
            "final",
            "deliveries",
            "UPDATE",
            "OLD.status IN ('acknowledged', 'refused', 'expired', 'withdrawn') AND NEW.status <> OLD.status",
            "a final status never changes",
        ),
        Guard("approved", "rule_tables", "UPDATE", _RULE_TABLE_CHANGED[engine], "a table is only approved, and once"),
        Guard("closed", "attempts", "UPDATE", "OLD.ended_at IS NOT NULL", "a closed attempt never changes"),
    ]
    truncate = [_REFUSE_TRUNCATE] if engine == "postgresql" else []
    return truncate + statements(engine, guards, _APPEND_ONLY, _NEVER_DELETED)


def statements(
    engine: str, guards: Sequence[Guard] = (), append_only: Sequence[str] = (), never_deleted: Sequence[str] = ()
) -> list[str]:
    """What makes these triggers on "sqlite" or "postgresql", and those that keep rows of these tables."""
    kept = [
        *guards,
        *(Guard("kept", table, "UPDATE", "1 = 1", f"{table} is append-only") for table in append_only),
        *(Guard("kept", table, "DELETE", "1 = 1", f"{table} is append-only") for table in append_only),
        *(Guard("kept", table, "DELETE", "1 = 1", f"{table} rows are never deleted") for table in never_deleted),
    ]
    if engine == "sqlite":
        return [_sqlite(guard) for guard in kept]
    tables = (*append_only, *never_deleted)
    return [statement for guard in kept for statement in _postgresql(guard)] + [_refuse_truncate(one) for one in tables]


def _sqlite(guard: Guard) -> str:
    return (
        f"CREATE TRIGGER {_name(guard)} BEFORE {guard.event} ON {guard.table} WHEN {guard.wrong} "
        f"BEGIN SELECT RAISE(ABORT, '{_quoted(guard.message)}'); END"
    )


def _postgresql(guard: Guard) -> tuple[str, str]:
    name, row = _name(guard), "OLD" if guard.event == "DELETE" else "NEW"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {guard.wrong} THEN RAISE EXCEPTION '{_quoted(guard.message)}'; END IF; RETURN {row}; END $$",
        f"CREATE TRIGGER {name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


_REFUSE_TRUNCATE = (
    "CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% rows are never deleted', TG_TABLE_NAME; END $$"
)


def _refuse_truncate(table: str) -> str:
    return f"CREATE TRIGGER {table}_kept_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_truncate()"


def _name(guard: Guard) -> str:
    return f"{guard.table}_{guard.name}_{guard.event.lower()}"


def _quoted(message: str) -> str:
    return message.replace("'", "''")
