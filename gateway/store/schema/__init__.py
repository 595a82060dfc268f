"""The tables, once, for both engines: SQLite (embedded) and PostgreSQL.

Instants are whole microseconds since 1970 (UTC) and digests lower-case hex, so that a row reads the same from either
engine and from a console. Columns that hold large values come last: SQLite then finds the small ones on the first page.

What must never be false is said here and in the triggers of the migrations, not in Python: one delivery for each
addressee of a dispatch, one open attempt for each delivery, a dense ledger, final statuses that stay, rows that are
only appended. A thief of this database reads documents; a vandal can destroy it or stop the gateway, but cannot rewrite
the past unnoticed: the ledger's signed checkpoints, held elsewhere too, would no longer match.
"""

from __future__ import annotations

from gateway.store.schema.activity import IN_TIME, activity, activity_progress, owed_receipts
from gateway.store.schema.columns import metadata
from gateway.store.schema.directory import (
    agency_changes,
    credentials,
    directory_proposals,
    directory_versions,
    peer_changes,
)
from gateway.store.schema.dispatches import (
    CLAIMED,
    DATED,
    DUE,
    HELD,
    NEW_DOCUMENT,
    OPEN,
    SENT_BACK,
    UNDELIVERED,
    UNSETTLED,
    WAITING,
    attempts,
    blobs,
    deliveries,
    delivery_events,
    dispatch_attachments,
    dispatches,
)
from gateway.store.schema.evidence import evidence, salts, timestamps
from gateway.store.schema.leases import leases
from gateway.store.schema.ledger import checkpoints, ledger_entries, ledger_head, ledger_tiles
from gateway.store.schema.life import TAKEN_BACK, UNANSWERED, changes, links, statuses
from gateway.store.schema.notices import (
    DEAD,
    GIVEN_UP,
    UNSENT,
    UNTOLD,
    contacts,
    mails,
    notices,
    webhook_feed,
    webhooks,
)
from gateway.store.schema.oddities import SHOWN, number_runs, oddities, oddity_progress
from gateway.store.schema.people import (
    acts,
    known_browsers,
    people,
    person_agencies,
    provider_accounts,
    provider_answers,
    recovery_codes,
    sessions,
)
from gateway.store.schema.retention import IN_FORCE, destructions, erased_attachments, erasures, holds
from gateway.store.schema.search import search_progress, search_texts, search_words
from gateway.store.schema.tables import refusals, rule_sets, rule_tables, settings
from gateway.store.schema.uploads import blob_claims, uploads
from gateway.store.schema.witness import cosignatures, gateway_keys

__all__ = [
    "CLAIMED",
    "DATED",
    "DEAD",
    "DUE",
    "GIVEN_UP",
    "HELD",
    "IN_FORCE",
    "IN_TIME",
    "NEW_DOCUMENT",
    "OPEN",
    "SENT_BACK",
    "SHOWN",
    "TAKEN_BACK",
    "UNANSWERED",
    "UNDELIVERED",
    "UNSENT",
    "UNSETTLED",
    "UNTOLD",
    "WAITING",
    "activity",
    "activity_progress",
    "acts",
    "agency_changes",
    "attempts",
    "blob_claims",
    "blobs",
    "changes",
    "checkpoints",
    "contacts",
    "cosignatures",
    "credentials",
    "deliveries",
    "delivery_events",
    "destructions",
    "directory_proposals",
    "directory_versions",
    "dispatch_attachments",
    "dispatches",
    "erased_attachments",
    "erasures",
    "evidence",
    "gateway_keys",
    "holds",
    "known_browsers",
    "leases",
    "ledger_entries",
    "ledger_head",
    "ledger_tiles",
    "links",
    "mails",
    "metadata",
    "notices",
    "number_runs",
    "oddities",
    "oddity_progress",
    "owed_receipts",
    "peer_changes",
    "people",
    "person_agencies",
    "provider_accounts",
    "provider_answers",
    "recovery_codes",
    "refusals",
    "rule_sets",
    "rule_tables",
    "salts",
    "search_progress",
    "search_texts",
    "search_words",
    "sessions",
    "settings",
    "statuses",
    "timestamps",
    "uploads",
    "webhook_feed",
    "webhooks",
]
