"""A directory of a whole country: a journal of changes in the place of a snapshot for each version."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import statements

revision = "0004"
down_revision = "0003"

KEY = sa.String(128)
REPLACED = (
    "grants", "peers", "agency_delegations", "agency_signers", "agency_certificates", "agency_ids", "agencies",
)  # fmt: skip
Document = dict[str, Any]


def upgrade() -> None:
    """Make the journal, write every version there is into it, and drop what it replaces."""
    agency_changes = _journal("agency_changes", "agency")
    peer_changes = _journal("peer_changes", "peer", sa.Column("position", sa.Integer(), nullable=False))
    _fill(agency_changes, peer_changes)
    for table in REPLACED:
        op.drop_table(table)
    op.drop_column("directory_versions", "snapshot")
    op.add_column("directory_versions", sa.Column("act", sa.String(16)))
    op.add_column("directory_versions", sa.Column("changed_by", sa.Text()))
    held = sa.text("status = 'held'")  # a held delivery follows its addressee's system too
    op.create_index("ix_deliveries_held", "deliveries", ["addressee"], sqlite_where=held, postgresql_where=held)
    for statement in statements(op.get_bind().dialect.name, append_only=("agency_changes", "peer_changes")):
        op.execute(statement)


def _journal(table: str, whose: str, *more: sa.Column[Any]) -> sa.Table:
    made = op.create_table(
        table,
        sa.Column(whose, KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        *more,
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(whose, "version", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["version"], ["directory_versions.version"], name=op.f(f"fk_{table}_version")),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{table}_version", table, ["version"])
    return made


def _fill(agency_changes: sa.Table, peer_changes: sa.Table) -> None:
    versions = sa.table("directory_versions", sa.column("version"), sa.column("snapshot"))
    connection = op.get_bind()
    numbers = connection.execute(sa.select(versions.c.version).order_by(versions.c.version)).scalars().all()
    agencies: dict[str, tuple[int, Document]] = {}
    peers: dict[str, tuple[int, Document]] = {}
    for number in numbers:
        snapshot = connection.execute(sa.select(versions.c.snapshot).where(versions.c.version == number)).scalar_one()
        whole = json.loads(zlib.decompress(bytes(snapshot)))
        agencies_now = {one["key"]: (0, one) for one in whole["agencies"]}
        peers_now = {one["key"]: (place, one) for place, one in enumerate(whole["peers"])}
        agency_rows = [
            {"agency": key, "version": number, "gone": gone, "document": document}
            for key, gone, _, document in _differences(agencies, agencies_now)
        ]
        peer_rows = [
            {"peer": key, "version": number, "gone": gone, "position": place, "document": document}
            for key, gone, place, document in _differences(peers, peers_now)
        ]
        for table, rows in ((agency_changes, agency_rows), (peer_changes, peer_rows)):
            if rows:
                connection.execute(table.insert(), rows)
        agencies, peers = agencies_now, peers_now


def _differences(
    before: dict[str, tuple[int, Document]], after: dict[str, tuple[int, Document]]
) -> Iterator[tuple[str, bool, int, bytes]]:
    """Key, whether it is gone, place and document of everything that differs."""
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            place, document = after[key] if key in after else before[key]
            yield key, key not in after, place, json.dumps(document, ensure_ascii=False).encode()
