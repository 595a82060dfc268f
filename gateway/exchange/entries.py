"""The ledger entries of a delivery's life, each made in one place."""

from __future__ import annotations

from datetime import datetime

from gateway.ledger import Entry, EntryKind


def delivery_entry(
    kind: EntryKind, dispatch_id: str, delivery_id: str, addressee: str, at: datetime, reason: str = ""
) -> bytes:
    """What happened to a delivery. `reason`: of a refusal, the salted digest of the words a person wrote."""
    values = {"dispatch": dispatch_id, "delivery": delivery_id, "addressee": addressee}
    if kind is EntryKind.DECLINE:
        values["reason"] = reason
    return Entry.of(kind, at, **values).encode()
