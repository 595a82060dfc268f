"""Keys follow one another in the open: a new one of the ledger is introduced by the old, certificates are kept."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from gateway.exchange.key_record import OtherLedgerError, bind_ledger_key, record_seal_certificate
from gateway.ledger import EntryKind, NoteSigner, decode
from gateway.store import Store, queries
from gateway.store.queries.witness import gateway_keys_of
from tests.http.town import awaited
from tests.ledger.ledgers import note_signer
from tests.pki import NOW

OLD, NEW, STRANGER = (note_signer(seed=bytes([number]) * 32) for number in (1, 2, 3))


async def recorded(store: Store) -> list[tuple[str, str, str]]:
    entries = [decode(one) for one in await store.read(queries.entries, 0, 100)]
    return [(one["which"], one["old"], one["new"]) for one in entries if one.kind is EntryKind.KEY]


def digest(signer: NoteSigner) -> str:
    return hashlib.sha256(signer.key.vkey.encode()).hexdigest()


@awaited
async def test_a_key_is_bound_once_and_recorded_once(store: Store) -> None:
    for _ in range(3):
        await bind_ledger_key(store, OLD, None, NOW)
    assert await recorded(store) == [("ledger", "-", digest(OLD))]
    with pytest.raises(OtherLedgerError) as refusal:
        await bind_ledger_key(store, NEW, None, NOW)
    assert (refusal.value.bound, refusal.value.configured) == (OLD.key.vkey, NEW.key.vkey)


@awaited
async def test_a_new_key_is_taken_beside_the_old_one_and_alone_ever_after(store: Store) -> None:
    await bind_ledger_key(store, OLD, None, NOW)
    for previous in (OLD, None):
        await bind_ledger_key(store, NEW, previous, NOW + timedelta(days=1))
    assert await recorded(store) == [("ledger", "-", digest(OLD)), ("ledger", digest(OLD), digest(NEW))]
    known = await store.read(gateway_keys_of, "ledger")
    assert [one.public.decode() for one in known] == [OLD.key.vkey, NEW.key.vkey]
    with pytest.raises(OtherLedgerError):
        await bind_ledger_key(store, OLD, None, NOW)


@awaited
async def test_a_key_nobody_introduced_is_refused(store: Store) -> None:
    await bind_ledger_key(store, OLD, None, NOW)
    renamed = note_signer("other.example/ledger", bytes([2]) * 32)
    for new, previous in ((NEW, STRANGER), (renamed, OLD), (STRANGER, NEW)):
        with pytest.raises(OtherLedgerError):
            await bind_ledger_key(store, new, previous, NOW)
    assert len(await recorded(store)) == 1


@awaited
async def test_every_certificate_the_gateway_sealed_with_is_kept(store: Store) -> None:
    for der in (b"one", b"one", b"two", b"one"):
        await record_seal_certificate(store, der, NOW)
    one, two = (hashlib.sha256(der).hexdigest() for der in (b"one", b"two"))
    assert await recorded(store) == [("seal", "-", one), ("seal", one, two), ("seal", two, one)]
    kept = await store.read(gateway_keys_of, "seal")
    assert [key.public for key in kept] == [b"one", b"two", b"one"]
