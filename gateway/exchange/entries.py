"""The ledger entries of a delivery's life, each made in one place."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.ledger import Entry, EntryKind


def delivery_entry(
    kind: EntryKind, dispatch_id: str, delivery_id: str, addressee: str, at: datetime, reason: str = ""
) -> bytes:
    """What happened to a delivery. A person may have written the reason, so only its digest is recorded."""
    fields = (("dispatch", dispatch_id), ("delivery", delivery_id), ("addressee", addressee))
    if kind is EntryKind.DECLINE:
        fields = (*fields, ("reason-sha256", hashlib.sha256(reason.encode()).hexdigest()))
    return Entry(kind, at, fields).encode()
