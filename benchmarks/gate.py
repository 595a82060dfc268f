"""The gate: a document counts only when it was receipted, its receipt verifies, it lies under a signed checkpoint and
is found in its addressee's store.

Everything is asked of the doors after the clock has stopped, and reckoned here: the seal of every receipt, the proof of
every entry up to the checkpoint's signature, the digest of every packet from the bytes that came out at the other end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.installed import HOST, Installed
from benchmarks.load import Load, connected, fire, get
from benchmarks.packets import Prepared
from benchmarks.parties import Accepted, Puller, Shelf, accepted
from gateway import config
from gateway.ledger import (
    Checkpoint,
    NoteKey,
    decode,
    inclusion,
    leaf_hash,
    open_checkpoint,
    read_receipt,
    verify_inclusion,
)
from gateway.ledger.tiles import TILE_WIDTH, Resource, unbundle
from gateway.trust import verify_countersigned

CONNECTIONS = 8
CHECKPOINT_S_MAX = 60.0


class Uncounted(Exception):
    """A document that was accepted is not what it should be: nothing of this run counts."""


def receipted(load: Load, packets: Sequence[Prepared]) -> list[Accepted]:
    """What the senders were told, where every packet was accepted as itself and once."""
    if load.statuses.keys() - {200, 201} or load.statuses.total() != len(packets):
        raise Uncounted(f"not every document was accepted: {dict(load.statuses)} {load.bodies[-1][:500]!r}")
    told = accepted(load.bodies)
    for one, packet in zip(told, packets, strict=True):
        if one.digest != packet.digest:
            raise Uncounted(f"{one.dispatch_id} was receipted as another packet")
    if len({one.ledger_index for one in told}) != len(told):
        raise Uncounted("two documents were given one place in the ledger")
    return told


async def pass_gate(gateway: Installed, sender: str, addressee: str, told: Sequence[Accepted]) -> None:
    """Verify receipts and proofs, let the addressee collect, and look into its store. Uncounted."""
    puller = Puller(gateway, addressee)
    await puller.pull(len(told))
    await verify(gateway, sender, told)
    stored(puller.shelf, told)


async def verify(gateway: Installed, sender: str, told: Sequence[Accepted]) -> None:
    """Every receipt verifies, and every entry lies under a checkpoint that is signed. Uncounted."""
    await _receipts(gateway, sender, told)
    await _entries(gateway, told)


def stored(shelf: Shelf, told: Sequence[Accepted]) -> None:
    """Every packet lies in the addressee's store, once, byte for byte. Uncounted."""
    for one in told:
        if shelf.digest(one.dispatch_id) != one.digest:
            raise Uncounted(f"{one.dispatch_id} is not in the addressee's store as it was sent")
    if shelf.twice:
        raise Uncounted(f"stored twice: {shelf.twice[:3]}")


async def _receipts(gateway: Installed, sender: str, told: Sequence[Accepted]) -> None:
    pem = config.load(gateway.stage.config).keys.seal_certificate.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    headers = gateway.bearer(sender)
    asked = [get(HOST, gateway.port, f"/v1/dispatches/{one.dispatch_id}/receipt", headers) for one in told]
    load = await fire(HOST, gateway.port, asked, CONNECTIONS)
    if load.statuses != {200: len(told)}:
        raise Uncounted(f"not every receipt is there: {dict(load.statuses)}")
    for one, xml in zip(told, load.bodies, strict=True):
        facts = read_receipt(verify_countersigned(xml, certificate))
        if (facts.dispatch_id, facts.packet_digest) != (one.dispatch_id, one.digest):
            raise Uncounted(f"the receipt of {one.dispatch_id} is of something else")


async def _entries(gateway: Installed, told: Sequence[Accepted]) -> None:
    checkpoint = await _covering(gateway, max(one.ledger_index for one in told) + 1)
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(_prove, gateway, loop, checkpoint, told)


def _prove(
    gateway: Installed, loop: asyncio.AbstractEventLoop, checkpoint: Checkpoint, told: Sequence[Accepted]
) -> None:
    """In a thread, because the tree asks for its tiles one by one."""

    @lru_cache(maxsize=4_096)
    def resource(level: int | None, number: int, width: int) -> bytes:
        path = f"/{Resource(level, number, width).path}"
        return asyncio.run_coroutine_threadsafe(_get(gateway, path), loop).result()

    def entry(index: int) -> bytes:
        number, place = divmod(index, TILE_WIDTH)
        width = min(TILE_WIDTH, checkpoint.size - number * TILE_WIDTH)
        return unbundle(resource(None, number, width), width)[place]

    for one in told:
        data = entry(one.ledger_index)
        fields = decode(data)
        if (fields["dispatch"], fields["packet"]) != (one.dispatch_id, one.digest):
            raise Uncounted(f"entry {one.ledger_index} is not of {one.dispatch_id}")
        proof = inclusion(one.ledger_index, checkpoint.size, resource)
        verify_inclusion(leaf_hash(data), one.ledger_index, checkpoint.size, proof, checkpoint.root)


async def _covering(gateway: Installed, size: int) -> Checkpoint:
    """A signed checkpoint over so many entries."""
    key, until_s = NoteKey.parse(gateway.stage.vkey), time.monotonic() + CHECKPOINT_S_MAX
    while True:
        try:
            checkpoint = open_checkpoint(await _get(gateway, "/checkpoint"), key)
        except FileNotFoundError:
            checkpoint = None
        if checkpoint is not None and checkpoint.size >= size:
            return checkpoint
        if time.monotonic() > until_s:
            raise Uncounted(f"no checkpoint covers {size} entries")
        await asyncio.sleep(0.05)


async def _get(gateway: Installed, path: str) -> bytes:
    async with connected(HOST, gateway.port) as line:
        answer = await line.ask(get(HOST, gateway.port, path, {}))
    if answer.status == 404:
        raise FileNotFoundError(path)
    if answer.status != 200:
        raise Uncounted(f"{path} was answered {answer.status}")
    return answer.body
