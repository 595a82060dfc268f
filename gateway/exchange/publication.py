"""The publisher: what the ledger shows at its doors is also written to a folder, tiles first, then the checkpoint.

It follows from any distance: after a crash, or a week of being away, it writes what is missing and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from gateway.exchange import bell
from gateway.exchange.key_record import ledger_keys
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import Checkpoint, ProofError, open_checkpoint
from gateway.ledger.tiles import Resource, resources, superseded
from gateway.ledger.tree import EMPTY_ROOT
from gateway.store import StoreNotice, queries
from gateway.store.publication import OtherBytesError, Publication
from gateway.store.queries.ledger import tree_root
from gateway.store.queries.witness import cosigned_checkpoint, published_all

RESOURCES_PER_BATCH = 64


class Publisher:
    """Writes one ledger to one folder."""

    def __init__(self, line: Line, folder: Path) -> None:
        self._line, self._folder = line, folder
        self._publication = Publication(folder)
        self._shown: bytes | None = None
        self._at: Checkpoint | None = None
        """What the folder shows, once it is known to be of this ledger."""

    async def once(self) -> bool:
        """Publish what is new. False where nothing was. StoreNotice where the folder shows another ledger."""
        line = self._line
        at = self._at if self._at is not None else await self._open()
        signed = await line.store.read(cosigned_checkpoint, line.keeping.vkeys, line.keeping.required)
        if signed is None or signed.note == self._shown or signed.size < at.size:
            return False
        missing = resources(at.size, signed.size)
        while batch := tuple(islice(missing, RESOURCES_PER_BATCH)):
            data = await line.store.read(published_all, batch)
            await self._put(zip(batch, data, strict=True))
        await asyncio.to_thread(self._publication.show, signed.note)
        await asyncio.to_thread(self._publication.sweep, superseded(at.size, signed.size))
        self._shown, self._at = signed.note, open_checkpoint(signed.note, line.notary.key)
        return True

    async def _open(self) -> Checkpoint:
        """What the folder shows, if it is the beginning of this ledger."""
        line = self._line
        self._shown = await asyncio.to_thread(self._publication.open)
        if self._shown is None:
            return Checkpoint(line.notary.key.name, 0, EMPTY_ROOT)
        try:
            shown = open_checkpoint(self._shown, line.notary.key, *await ledger_keys(line.store))
        except ProofError as wrong:
            raise self._other(0) from wrong
        head = await line.store.read(queries.ledger_head)
        if shown.size > head.tree_size or await line.store.read(tree_root, shown.size) != shown.root:
            raise self._other(shown.size)
        self._at = shown
        return shown

    async def _put(self, files: Iterator[tuple[Resource, bytes]]) -> None:
        try:
            await asyncio.to_thread(partial(self._publication.put, files))
        except OtherBytesError as wrong:
            raise StoreNotice("ledger.publish_other_file", path=wrong.path) from wrong

    def _other(self, size: int) -> StoreNotice:
        return StoreNotice("ledger.publish_other", path=str(self._folder), size=str(size))


async def run(line: Line, folder: Path) -> None:
    """Publish until cancelled."""
    await rounds(line, bell.CHECKPOINT, Publisher(line, folder).once)
