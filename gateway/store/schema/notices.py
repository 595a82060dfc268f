"""What peers' systems and agencies' people are told: webhooks and their notices, contacts and their mails."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy import text as sql

from gateway.store.schema.columns import Id, Key, Serial, metadata, partial_index

UNTOLD = sql("delivered_at IS NULL AND dead_at IS NULL")
"""Notices still to be posted."""
DEAD = sql("dead_at IS NOT NULL")
UNSENT = sql("sent_at IS NULL AND given_up_at IS NULL")
"""Mails still to be sent."""
GIVEN_UP = sql("given_up_at IS NOT NULL")
IN_USE = sql("removed_at IS NULL")

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("peer", Key, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("previous_until", BigInteger),
    Column("added_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    Column("stopped_at", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("paused_until", BigInteger),
)
"""`serial` numbers the secret, which is derived and kept nowhere; the one before it signs too until `previous_until`.
`stopped_at`: the endpoint answered 410 Gone. `failures`: attempts in a row that found no working endpoint."""

webhook_feed = Table(
    "webhook_feed",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
)
"""The last of `delivery_events` that was made into notices; it moves in the transaction that makes them."""

notices = Table(
    "notices",
    metadata,
    Column("webhook_id", Id, ForeignKey("webhooks.id"), primary_key=True),
    Column("event_id", BigInteger, ForeignKey("delivery_events.id"), primary_key=True, autoincrement=False),
    Column("dispatch_id", Id, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger),
    Column("delivered_at", BigInteger),
    Column("dead_at", BigInteger),
    Column("detail", Text, nullable=False),
    CheckConstraint("delivered_at IS NULL OR dead_at IS NULL", name="settled_once"),
    partial_index("ix_notices_due", "webhook_id", "next_attempt_at", where=UNTOLD),
    partial_index("ix_notices_order", "webhook_id", "dispatch_id", "event_id", where=UNTOLD),
    partial_index("ix_notices_dead", "dead_at", where=DEAD),
    sqlite_with_rowid=False,
)
"""One event for one webhook. Its body is made from the event, the same at every attempt."""

contacts = Table(
    "contacts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("agency", Key, nullable=False),
    Column("level", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    partial_index("uq_contacts_address", "agency", "level", "address", where=IN_USE, unique=True),
)
"""Who is written to. `level`: clerk or leader."""

mails = Table(
    "mails",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("agency", Key, nullable=False),
    Column("levels", String(32), nullable=False),
    Column("delivery_id", Id, ForeignKey("deliveries.id")),
    Column("what", String(16)),
    Column("level", SmallInteger),
    Column("day", String(10)),
    Column("recorded_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("given_up_at", BigInteger),
    Column("detail", Text, nullable=False),
    CheckConstraint("(delivery_id IS NULL) = (what IS NULL)", name="about"),
    CheckConstraint("(delivery_id IS NULL) = (level IS NULL)", name="step"),
    CheckConstraint("(delivery_id IS NULL) <> (day IS NULL)", name="one_kind"),
    Index("uq_mails_reminder", "delivery_id", "what", "level", unique=True),
    Index("uq_mails_digest", "agency", "day", unique=True),
    partial_index("ix_mails_due", "next_attempt_at", where=UNSENT),
    partial_index("ix_mails_given_up", "given_up_at", where=GIVEN_UP),
)
"""A reminder (of a delivery, what is overdue, the step of escalation: once ever), or the digest of a day. `agency` and
`levels` say whose contacts read it; the words are made when it is sent."""
