"""The store: one durable place for the register, the ledger and the attachments.

A write is a named operation (a frozen value); when it returns, it is on disk. A read is a named function of a
connection (`queries`). What must hold whatever a program does, the database holds (schema.py, migrations/guards.py).
"""

from gateway.store import queries
from gateway.store.admission import Admit, Admitted, Barred, Conflict, Twin
from gateway.store.attempts import ClaimDue, CloseAttempt, DueAttempt, InterruptAttempts
from gateway.store.blobs import BlobReader, Blobs
from gateway.store.changes import NewChange, Target
from gateway.store.deliveries import Advance, Salted
from gateway.store.directory import CredentialKind, PutCredential, PutDirectory, PutSetting, RevokePeer
from gateway.store.evidence import KeepEvidence, KeepTimestamp
from gateway.store.newcomer import NewAttachment, NewDelivery
from gateway.store.notice import StoreNotice
from gateway.store.queries import Change, DeliveryRow, InboxItem
from gateway.store.refusals import RecordRefusal
from gateway.store.rule_tables import ApproveTable, ProposeTable
from gateway.store.spoken_of import Named, NewLink
from gateway.store.staging import Staging
from gateway.store.statuses import NewStatus
from gateway.store.store import Store
from gateway.store.transaction import Operation
from gateway.store.tree import PutTree
from gateway.store.writer import Grouping

__all__ = [
    "Admit",
    "Admitted",
    "Advance",
    "ApproveTable",
    "Barred",
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
    "Named",
    "NewAttachment",
    "NewChange",
    "NewDelivery",
    "NewLink",
    "NewStatus",
    "Operation",
    "ProposeTable",
    "PutCredential",
    "PutDirectory",
    "PutSetting",
    "PutTree",
    "RecordRefusal",
    "RevokePeer",
    "Salted",
    "Staging",
    "Store",
    "StoreNotice",
    "Target",
    "Twin",
    "queries",
]
