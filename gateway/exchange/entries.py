"""The ledger entries of a delivery's life, each made in one place."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.ledger import Entry, EntryKind


def delivery_entry(
    kind: EntryKind, dispatch_id: str, delivery_id: str, addressee: str, at: datetime, reason: str = ""
) -> bytes:
    """What happened to a delivery. People write reasons, so the ledger holds only the digest of one."""
    values = {"dispatch": dispatch_id, "delivery": delivery_id, "addressee": addressee}
    if kind is EntryKind.DECLINE:
        values["reason"] = hashlib.sha256(reason.encode()).hexdigest()
    return Entry.of(kind, at, **values).encode()
