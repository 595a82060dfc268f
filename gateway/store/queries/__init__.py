"""Named reads: functions of a connection. `Store.read` runs them in a transaction that cannot write."""

from sqlalchemy import Connection

from gateway.store.queries.directory import Credential, credential, credentials, directory, directory_version
from gateway.store.queries.ledger import (
    LedgerHead,
    SignedCheckpoint,
    checkpoint,
    entries,
    ledger_head,
    proven_entries,
    tile,
    tree,
)
from gateway.store.queries.register import (
    Change,
    DeliveryRow,
    InboxItem,
    PacketRow,
    RefusalRow,
    attachments,
    blob_data,
    changes,
    delivery,
    inbox,
    overdue,
    packet,
    refusals,
    setting,
    twin,
)
from gateway.store.queries.rule_tables import RuleTable, approved_table, table_version_in_force, tables
from gateway.store.queries.story import dispatch, dispatches_of

__all__ = [
    "Change",
    "Connection",
    "Credential",
    "DeliveryRow",
    "InboxItem",
    "LedgerHead",
    "PacketRow",
    "RefusalRow",
    "RuleTable",
    "SignedCheckpoint",
    "approved_table",
    "attachments",
    "blob_data",
    "changes",
    "checkpoint",
    "credential",
    "credentials",
    "delivery",
    "directory",
    "directory_version",
    "dispatch",
    "dispatches_of",
    "entries",
    "inbox",
    "ledger_head",
    "overdue",
    "packet",
    "proven_entries",
    "refusals",
    "setting",
    "table_version_in_force",
    "tables",
    "tile",
    "tree",
    "twin",
]
