"""The first schema: directory, ledger, dispatches, deliveries, and the triggers that guard them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import guards_of_first

revision = "0001"
down_revision = None

ID, KEY, DIGEST, WORD = sa.String(32), sa.String(128), sa.String(64), sa.String(16)
INSTANT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Everything, on either engine."""
    _directory()
    _signers()
    _credentials_and_settings()
    _ledger()
    _rule_tables()
    _dispatches()
    _deliveries()
    _history()
    for statement in guards_of_first(op.get_bind().dialect.name):
        op.execute(statement)
    op.execute("INSERT INTO ledger_head (id, size) VALUES (1, 0)")


def _needed(name: str, kind: sa.types.TypeEngine[Any], *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False) if key else sa.Column(name, kind, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _points(table: str, column: str, target: str, *, deferred: bool = False) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    if deferred:
        return sa.ForeignKeyConstraint([column], [target], name=name, deferrable=True, initially="DEFERRED")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _directory() -> None:
    op.create_table(
        "directory_versions",
        _needed("version", sa.Integer(), key=True),
        _needed("recorded_at", INSTANT),
        sa.Column("ledger_index", sa.BigInteger()),
        _needed("snapshot", sa.LargeBinary()),
        _key("directory_versions", "version"),
    )
    op.create_table(
        "agencies",
        _needed("key", KEY),
        _needed("position", sa.Integer()),
        _needed("name", sa.Text()),
        sa.Column("parent", KEY),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        sa.Column("successor", KEY),
        _needed("kinds", sa.Text()),
        sa.Column("regime", WORD),
        sa.Column("policy", WORD),
        _key("agencies", "key"),
    )
    op.create_table(
        "agency_ids",
        _needed("id", KEY),
        _needed("agency", KEY),
        _needed("position", sa.Integer()),
        _points("agency_ids", "agency", "agencies.key", deferred=True),
        _key("agency_ids", "id"),
    )
    op.create_table(
        "agency_certificates",
        _needed("agency", KEY),
        _needed("position", sa.Integer(), key=True),
        _needed("der", sa.LargeBinary()),
        _points("agency_certificates", "agency", "agencies.key", deferred=True),
        _key("agency_certificates", "agency", "position"),
    )
    op.create_table(
        "peers",
        _needed("key", KEY),
        _needed("position", sa.Integer()),
        _needed("name", sa.Text()),
        sa.Column("push_url", sa.Text()),
        _needed("policy", WORD),
        sa.Column("revoked_at", INSTANT),
        _key("peers", "key"),
    )
    op.create_table(
        "grants",
        _needed("peer", KEY),
        _needed("position", sa.Integer(), key=True),
        _needed("agency", KEY),
        _needed("subtree", sa.Boolean()),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        _points("grants", "peer", "peers.key", deferred=True),
        _key("grants", "peer", "position"),
    )


def _signers() -> None:
    op.create_table(
        "agency_signers",
        _needed("agency", KEY),
        _needed("position", sa.Integer(), key=True),
        _needed("full_name", sa.Text()),
        _needed("post", sa.Text()),
        _needed("rank", WORD),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        _points("agency_signers", "agency", "agencies.key", deferred=True),
        _key("agency_signers", "agency", "position"),
    )
    op.create_table(
        "agency_delegations",
        _needed("agency", KEY),
        _needed("position", sa.Integer(), key=True),
        _needed("capacity", WORD),
        _needed("full_name", sa.Text()),
        _needed("basis", sa.Text()),
        _needed("types", sa.Text()),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        _points("agency_delegations", "agency", "agencies.key", deferred=True),
        _key("agency_delegations", "agency", "position"),
    )


def _rule_tables() -> None:
    op.create_table(
        "rule_tables",
        _needed("name", WORD),
        _needed("version", sa.Integer(), key=True),
        _needed("effective_from", INSTANT),
        _needed("proposed_by", KEY),
        _needed("proposed_at", INSTANT),
        sa.Column("approved_by", KEY),
        sa.Column("approved_at", INSTANT),
        sa.Column("approved_index", sa.BigInteger()),
        _needed("certificate", sa.LargeBinary()),
        _needed("document", sa.LargeBinary()),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_rule_tables_approved")),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_rule_tables_two_people")),
        _points("rule_tables", "approved_index", "ledger_entries.ledger_index"),
        _key("rule_tables", "name", "version"),
    )


def _credentials_and_settings() -> None:
    op.create_table(
        "credentials",
        _needed("digest", DIGEST),
        _needed("kind", WORD),
        _needed("peer", KEY),
        _needed("added_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        _key("credentials", "digest"),
    )
    _index("ix_credentials_peer", "credentials", "peer")
    op.create_table("settings", _needed("name", KEY), _needed("value", sa.Text()), _key("settings", "name"))


def _ledger() -> None:
    op.create_table(
        "ledger_head",
        _needed("id", sa.SmallInteger(), key=True),
        _needed("size", sa.BigInteger()),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_single")),
        _key("ledger_head", "id"),
    )
    op.create_table(
        "ledger_entries",
        _needed("ledger_index", SERIAL, key=True),
        _needed("leaf_hash", sa.LargeBinary()),
        _needed("entry", sa.LargeBinary()),
        _key("ledger_entries", "ledger_index"),
    )
    op.create_table(
        "ledger_tiles",
        _needed("level", sa.SmallInteger(), key=True),
        _needed("number", sa.BigInteger(), key=True),
        _needed("hashes", sa.LargeBinary()),
        _key("ledger_tiles", "level", "number"),
    )
    op.create_table(
        "checkpoints",
        _needed("size", SERIAL, key=True),
        _needed("recorded_at", INSTANT),
        _needed("note", sa.LargeBinary()),
        _key("checkpoints", "size"),
    )


def _dispatches() -> None:
    op.create_table(
        "blobs",
        _needed("sha256", DIGEST),
        _needed("size_bytes", sa.BigInteger()),
        sa.Column("data", sa.LargeBinary()),
        _key("blobs", "sha256"),
    )
    op.create_table(
        "dispatches",
        _needed("id", ID),
        _needed("kind", WORD),
        _needed("peer", KEY),
        _needed("sender", KEY),
        sa.Column("document_id", sa.Text()),
        _needed("business_type", sa.SmallInteger()),
        _needed("code", sa.Text()),
        _needed("packet_digest", DIGEST),
        _needed("admitted_at", INSTANT),
        _needed("ledger_index", sa.BigInteger()),
        _needed("subject", sa.Text()),
        _needed("receipt_xml", sa.LargeBinary()),
        _needed("report_xml", sa.LargeBinary()),
        _needed("envelope", sa.LargeBinary()),
        _points("dispatches", "ledger_index", "ledger_entries.ledger_index"),
        _key("dispatches", "id"),
    )
    new_document = "kind = 'document' AND business_type = 0 AND document_id IS NOT NULL"
    _index("ix_dispatches_document_id", "dispatches", "document_id")
    _index("uq_dispatches_packet", "dispatches", "packet_digest", "peer", unique=True)
    _index("uq_dispatches_new_document", "dispatches", "document_id", "sender", where=new_document, unique=True)
    op.create_table(
        "dispatch_attachments",
        _needed("dispatch_id", ID),
        _needed("number", sa.SmallInteger(), key=True),
        _needed("content_id", sa.Text()),
        sa.Column("content_type", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("description", sa.Text()),
        _needed("sha256", DIGEST),
        _needed("size_bytes", sa.BigInteger()),
        _needed("wrapped", sa.Boolean()),
        _points("dispatch_attachments", "dispatch_id", "dispatches.id"),
        _points("dispatch_attachments", "sha256", "blobs.sha256"),
        _key("dispatch_attachments", "dispatch_id", "number"),
        sqlite_with_rowid=False,
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _needed("id", ID),
        _needed("dispatch_id", ID),
        _needed("ledger_index", sa.BigInteger()),
        _needed("addressee", KEY),
        _needed("addressed_as", KEY),
        _needed("peer", KEY),
        _needed("push", sa.Boolean()),
        _needed("status", WORD),
        _needed("deadline_at", INSTANT),
        _needed("next_attempt_at", INSTANT),
        _needed("attempts", sa.Integer()),
        sa.Column("claimed_until", INSTANT),
        _points("deliveries", "dispatch_id", "dispatches.id"),
        _key("deliveries", "id"),
    )
    waiting, undelivered = "status IN ('queued', 'delivered')", "status IN ('queued', 'held')"
    _index("uq_deliveries_addressee", "deliveries", "dispatch_id", "addressee", unique=True)
    _index("ix_deliveries_waiting", "deliveries", "peer", "ledger_index", "id", where=waiting)
    _index("ix_deliveries_due", "deliveries", "next_attempt_at", "addressee", where="push AND status = 'queued'")
    _index("ix_deliveries_deadline", "deliveries", "deadline_at", where=undelivered)
    _index("ix_deliveries_claimed", "deliveries", "addressee", where="claimed_until IS NOT NULL")


def _history() -> None:
    op.create_table(
        "delivery_events",
        _needed("id", SERIAL),
        _needed("delivery_id", ID),
        _needed("event", WORD),
        _needed("at", INSTANT),
        _needed("detail", sa.Text()),
        sa.Column("ledger_index", sa.BigInteger()),
        _points("delivery_events", "delivery_id", "deliveries.id"),
        _points("delivery_events", "ledger_index", "ledger_entries.ledger_index"),
        _key("delivery_events", "id"),
    )
    _index("ix_delivery_events_delivery_id", "delivery_events", "delivery_id")
    op.create_table(
        "attempts",
        _needed("delivery_id", ID),
        _needed("number", sa.Integer(), key=True),
        _needed("claimant", KEY),
        _needed("started_at", INSTANT),
        _needed("claimed_until", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("outcome", WORD),
        _needed("detail", sa.Text()),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_attempts_ended")),
        _points("attempts", "delivery_id", "deliveries.id"),
        _key("attempts", "delivery_id", "number"),
        sqlite_with_rowid=False,
    )
    _index("uq_attempts_open", "attempts", "delivery_id", where="ended_at IS NULL", unique=True)
    op.create_table(
        "refusals",
        _needed("id", SERIAL),
        _needed("peer", KEY),
        sa.Column("packet_digest", DIGEST),
        _needed("reason", KEY),
        _needed("at", INSTANT),
        sa.Column("ledger_index", sa.BigInteger()),
        _points("refusals", "ledger_index", "ledger_entries.ledger_index"),
        _key("refusals", "id"),
    )
