"""Reading the tables the rules rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.ledger import decode
from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import ledger_entries, rule_tables
from gateway.store.schema import rule_sets as rule_sets_table


@dataclass(frozen=True, slots=True)
class RuleTable:
    """A version of a table: who proposed it, who approved it, and its sealed document."""

    name: str
    version: int
    effective_from: datetime
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    certificate: bytes
    document: bytes


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A release of the rules, by which packets were examined from an entry of the ledger on."""

    version: str
    sha256: str
    ledger_index: int
    since: datetime


_RULE_SETS = (
    select(rule_sets_table, ledger_entries.c.entry)
    .join(ledger_entries, ledger_entries.c.ledger_index == rule_sets_table.c.ledger_index)
    .order_by(rule_sets_table.c.ledger_index.desc())
    .limit(bindparam("count"))
)
_IN_FORCE = select(func.max(rule_tables.c.version)).where(
    rule_tables.c.name == bindparam("name"),
    rule_tables.c.approved_at <= bindparam("at"),
    rule_tables.c.effective_from <= bindparam("at"),
)
_TABLES = (
    select(rule_tables, ledger_entries.c.entry)
    .outerjoin(ledger_entries, ledger_entries.c.ledger_index == rule_tables.c.approved_index)
    .order_by(rule_tables.c.name, rule_tables.c.version)
)


def table_version_in_force(connection: Connection, name: str, at: datetime) -> int | None:
    """The highest version that was approved and whose time has come; None: none, the shipped table is in force."""
    version: int | None = connection.execute(_IN_FORCE, {"name": name, "at": micros(at)}).scalar()
    return version


def approved_table(connection: Connection, name: str, version: int) -> tuple[RuleTable, int, bytes]:
    """An approved version, and the ledger entry of its approval with its index."""
    chosen = _TABLES.where(rule_tables.c.name == name, rule_tables.c.version == version)
    row = connection.execute(chosen).one()
    return _table(row), row.approved_index, bytes(row.entry)


def tables(connection: Connection) -> tuple[RuleTable, ...]:
    """Every version ever proposed, by name and version."""
    return tuple(_table(row) for row in connection.execute(_TABLES))


def rule_sets(connection: Connection, limit: int) -> tuple[RuleSet, ...]:
    """The latest releases of the rules, the one in force first."""
    return tuple(
        RuleSet(row.version, row.sha256, row.ledger_index, decode(bytes(row.entry)).at)
        for row in connection.execute(_RULE_SETS, {"count": limit})
    )


def _table(row: Row[Any]) -> RuleTable:
    return RuleTable(
        row.name,
        row.version,
        instant(row.effective_from),
        row.proposed_by,
        instant(row.proposed_at),
        row.approved_by,
        instant_or_none(row.approved_at),
        bytes(row.certificate),
        bytes(row.document),
    )
