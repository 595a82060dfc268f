"""Entries of the ledger: those of a delivery's life, each made in one place, and all, as tasks that follow it read
them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.ledger import Entry, EntryKind, ProofError, decode
from gateway.store import StoreNotice


def delivery_entry(
    kind: EntryKind, dispatch_id: str, delivery_id: str, addressee: str, at: datetime, reason: str = ""
) -> bytes:
    """What happened to a delivery. `reason`: of a refusal, the salted digest of the words a person wrote."""
    values = {"dispatch": dispatch_id, "delivery": delivery_id, "addressee": addressee}
    if kind is EntryKind.DECLINE:
        values["reason"] = reason
    return Entry.of(kind, at, **values).encode()


def read_entries(entries: Iterable[bytes], start: int) -> Iterator[Entry]:
    """Entries of our own ledger, from index `start` on.

    StoreNotice for one that is none: we wrote them all, so the database is damaged, or a newer release has been at it.
    Who follows the ledger then ends the gateway: it would not count, find or show what it went past.
    """
    for index, data in enumerate(entries, start):
        try:
            yield decode(data)
        except ProofError as wrong:
            raise StoreNotice("ledger.entry_damaged", index=str(index)) from wrong
