"""The store: one durable place for the register, the ledger and the attachments.

A write is a named operation (a frozen value); when it returns, it is on disk. A read is a named function of a
connection (`queries`). What must hold whatever a program does, the database holds (schema.py, migrations/guards.py).
"""

from gateway.store import queries
from gateway.store.admission import (
    Admit,
    Admitted,
    Conflict,
    NewAttachment,
    NewDelivery,
    RecordRefusal,
    Twin,
)
from gateway.store.attempts import ClaimDue, CloseAttempt, DueAttempt, InterruptAttempts
from gateway.store.blobs import BlobReader, Blobs, Staging
from gateway.store.deliveries import Advance
from gateway.store.directory import CredentialKind, PutCredential, PutDirectory, PutSetting, RevokePeer
from gateway.store.evidence import KeepEvidence, KeepTimestamp
from gateway.store.notice import StoreNotice
from gateway.store.queries import Change, DeliveryRow, InboxItem
from gateway.store.rule_tables import ApproveTable, ProposeTable
from gateway.store.store import Store
from gateway.store.transaction import Operation
from gateway.store.tree import PutTree
from gateway.store.writer import Grouping

__all__ = [
    "Admit",
    "Admitted",
    "Advance",
    "ApproveTable",
    "BlobReader",
    "Blobs",
    "Change",
    "ClaimDue",
    "CloseAttempt",
    "Conflict",
    "CredentialKind",
    "DeliveryRow",
    "DueAttempt",
    "Grouping",
    "InboxItem",
    "InterruptAttempts",
    "KeepEvidence",
    "KeepTimestamp",
    "NewAttachment",
    "NewDelivery",
    "Operation",
    "ProposeTable",
    "PutCredential",
    "PutDirectory",
    "PutSetting",
    "PutTree",
    "RecordRefusal",
    "RevokePeer",
    "Staging",
    "Store",
    "StoreNotice",
    "Twin",
    "queries",
]
