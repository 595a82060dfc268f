"""Which keys the gateway signs with, and signed with: each change is recorded in the ledger, nothing is forgotten.

Old certificates are needed as long as what was sealed with them. A new key of the ledger is taken only beside the one
before it, which then signs too: whoever trusts the old key sees the new one introduced by it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from gateway.ledger import Entry, EntryKind, NoteKey, NoteSigner
from gateway.store import PutSetting, Store
from gateway.store.queries.witness import gateway_keys_of
from gateway.store.witness import RecordKey

LEDGER, SEAL = "ledger", "seal"


class OtherLedgerError(Exception):
    """The store's ledger was signed by another key or under another name than the configuration's."""

    def __init__(self, bound: str, configured: str) -> None:
        self.bound, self.configured = bound, configured
        super().__init__(f"the store's ledger is {bound}, the configuration's key is {configured}")


async def bind_ledger_key(store: Store, notary: NoteSigner, previous: NoteSigner | None, at: datetime) -> None:
    """Bind the store to the key that signs its ledger. OtherLedgerError for another one that nobody introduced.

    A ledger signed under two names would be two ledgers, so its name never changes.
    """
    bound = await store.write(PutSetting("ledger.vkey", notary.key.vkey))
    known = await store.read(gateway_keys_of, LEDGER)
    latest = known[-1].public.decode() if known else bound
    if latest != notary.key.vkey and (
        previous is None or previous.key.vkey != latest or previous.key.name != notary.key.name
    ):
        raise OtherLedgerError(latest, notary.key.vkey)
    await record_ledger_key(store, notary.key.vkey, at)


async def record_ledger_key(store: Store, vkey: str, at: datetime) -> None:
    """From here on checkpoints are signed with this key."""
    await _record(store, LEDGER, vkey.encode(), at)


async def record_seal_certificate(store: Store, der: bytes, at: datetime) -> None:
    """From here on receipts are sealed under this certificate."""
    await _record(store, SEAL, der, at)


async def ledger_keys(store: Store) -> tuple[NoteKey, ...]:
    """Every key that ever signed this ledger, the first one first."""
    return tuple(NoteKey.parse(one.public.decode()) for one in await store.read(gateway_keys_of, LEDGER))


def previous_key_path(key: Path) -> Path:
    """Where the key before `key` lies while the change is under way: ledger.key, ledger.previous.key."""
    return key.with_name(f"{key.stem}.previous{key.suffix}")


async def _record(store: Store, which: str, public: bytes, at: datetime) -> None:
    known = await store.read(gateway_keys_of, which)
    old, digest = known[-1].digest if known else None, hashlib.sha256(public).hexdigest()
    if digest == old:
        return
    entry = Entry.of(EntryKind.KEY, at, which=which, old=old or "-", new=digest).encode()
    await store.write(RecordKey(which, old, digest, public, at, entry))  # no: another process said the same first
