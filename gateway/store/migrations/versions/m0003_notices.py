"""Webhooks and their notices, contacts and their mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.migrations.guards import Guard, statements

revision = "0003"
down_revision = "0002"

ID, KEY = sa.String(32), sa.String(128)
INSTANT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNTOLD = sa.text("delivered_at IS NULL AND dead_at IS NULL")
UNSENT = sa.text("sent_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Five tables, three indexes. What happened before is no news: the feed begins behind the last event there is."""
    _webhooks()
    _notices()
    _contacts()
    _mails()
    _indexes()
    guards = [
        Guard("once", "mails", "UPDATE", "OLD.sent_at IS NOT NULL", "a mail that was sent never changes"),
        Guard("forward", "webhook_feed", "UPDATE", "NEW.event_id < OLD.event_id", "the feed only goes forward"),
    ]
    never_deleted = ("webhooks", "webhook_feed", "contacts", "mails")
    for statement in statements(op.get_bind().dialect.name, guards, never_deleted=never_deleted):
        op.execute(statement)
    op.execute("INSERT INTO webhook_feed (id, event_id) SELECT 1, coalesce((SELECT max(id) FROM delivery_events), 0)")


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ID, nullable=False),
        sa.Column("peer", KEY, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("previous_until", INSTANT),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.Column("stopped_at", INSTANT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_peer", "webhooks", ["peer"])
    op.create_table(
        "webhook_feed",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_webhook_feed_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_feed")),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("claimed_until", INSTANT),
        sa.Column("delivered_at", INSTANT),
        sa.Column("dead_at", INSTANT),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("delivered_at IS NULL OR dead_at IS NULL", name=op.f("ck_notices_settled_once")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_notices_webhook_id")),
        sa.ForeignKeyConstraint(["event_id"], ["delivery_events.id"], name=op.f("fk_notices_event_id")),
        sa.PrimaryKeyConstraint("webhook_id", "event_id", name=op.f("pk_notices")),
        sqlite_with_rowid=False,
    )
    _partial("ix_notices_due", "notices", ["webhook_id", "next_attempt_at"], UNTOLD)
    _partial("ix_notices_order", "notices", ["webhook_id", "dispatch_id", "event_id"], UNTOLD)
    _partial("ix_notices_dead", "notices", ["dead_at"], sa.text("dead_at IS NOT NULL"))


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", ID, nullable=False),
        sa.Column("agency", KEY, nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    in_use = sa.text("removed_at IS NULL")
    _partial("uq_contacts_address", "contacts", ["agency", "level", "address"], in_use, unique=True)


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("agency", KEY, nullable=False),
        sa.Column("levels", sa.String(32), nullable=False),
        sa.Column("delivery_id", ID),
        sa.Column("what", sa.String(16)),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("day", sa.String(10)),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("given_up_at", INSTANT),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("(delivery_id IS NULL) = (what IS NULL)", name=op.f("ck_mails_about")),
        sa.CheckConstraint("(delivery_id IS NULL) = (level IS NULL)", name=op.f("ck_mails_step")),
        sa.CheckConstraint("(delivery_id IS NULL) <> (day IS NULL)", name=op.f("ck_mails_one_kind")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_mails_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    op.create_index("uq_mails_reminder", "mails", ["delivery_id", "what", "level"], unique=True)
    op.create_index("uq_mails_digest", "mails", ["agency", "day"], unique=True)
    _partial("ix_mails_due", "mails", ["next_attempt_at"], UNSENT)
    _partial("ix_mails_given_up", "mails", ["given_up_at"], sa.text("given_up_at IS NOT NULL"))


def _indexes() -> None:
    """For what is owed: open deliveries of an agency, documents with a day, what was sent back."""
    _partial("ix_deliveries_open", "deliveries", ["addressee", "id"], sa.text("status IN ('queued', 'delivered')"))
    _partial("ix_dispatches_due_on", "dispatches", ["due_on", "id"], sa.text("due_on IS NOT NULL"))
    sent_back = sa.text("event IN ('refused', 'status_02')")
    _partial("ix_delivery_events_sent_back", "delivery_events", ["at"], sent_back)


def _partial(name: str, table: str, columns: list[str], where: sa.TextClause, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
