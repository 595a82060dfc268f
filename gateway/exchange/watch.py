"""The watch: once a second, look at what nobody rings a bell for.

Deadlines that passed, a directory changed by the operator's command in another process, free disk.
"""

from __future__ import annotations

import asyncio

from gateway.exchange import bell
from gateway.exchange.entries import delivery_entry
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import EntryKind
from gateway.model.delivery import DeliveryEvent
from gateway.store import Advance, queries

EXPIRED_PER_ROUND = 500


async def run(line: Line) -> None:
    """Keep watch until cancelled."""

    async def once() -> bool:
        line.measure_disk()
        await refresh_directory(line)
        return await expire(line) == EXPIRED_PER_ROUND

    await rounds(line, bell.WATCH, once)


async def refresh_directory(line: Line) -> None:
    """Take over a newer version of the directory."""
    if await line.store.read(queries.directory_version) != line.directory.version:
        line.state.directory = await line.store.read(queries.directory)


async def expire(line: Line) -> int:
    """Close deliveries whose deadline passed. Returns how many."""
    now = line.clock()
    late = await line.store.read(queries.overdue, now, EXPIRED_PER_ROUND)
    entry = {one.id: delivery_entry(EntryKind.EXPIRE, one.dispatch_id, one.id, one.addressee, now) for one in late}
    expired = await asyncio.gather(
        *(line.store.write(Advance(one.id, DeliveryEvent.DEADLINE_PASSED, now, entry[one.id])) for one in late)
    )
    if late:
        line.bell.ring((bell.LEDGER, bell.CHANGES))
    return sum(status is not None for status in expired)
