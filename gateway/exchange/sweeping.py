"""Sweeping: content that nobody speaks of goes, once it is certain that nobody is about to.

It is left by submissions that were broken off between writing and recording, and by an erasure that was. What is to go
is condemned first, in a transaction that a packet under way would see (`store.claims`), and destroyed afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from gateway.exchange.inventory import orphans
from gateway.exchange.line import Line
from gateway.model.refusal import Unavailable
from gateway.store.claims import Condemn, Destroyed, condemned

LOG = logging.getLogger(__name__)

TOGETHER = 500
"""Condemned in one transaction."""


async def run(line: Line, orphan_age: timedelta, interval: timedelta) -> None:
    """Sweep until cancelled."""
    while True:
        try:
            swept = await sweep(line, orphan_age)
        except Unavailable as cannot:
            LOG.warning("sweeping is put off: %s", cannot)
        else:
            LOG.info("swept content that no document speaks of: %s", swept)
        await asyncio.sleep(interval.total_seconds())


async def sweep(line: Line, orphan_age: timedelta) -> int:
    """Destroy what was condemned and not destroyed, and what nobody has spoken of for so long. How many."""
    swept = 0
    while left := tuple(await line.store.read(condemned, TOGETHER)):
        swept += len(await _carry_out(line, left))
    before = line.clock() - orphan_age
    for place in line.blobs.places:
        async for some in _together(orphans(line.store, place, before)):
            swept += len(await destroy(line, some))
    await line.store.write(Destroyed((), line.clock()))  # and forget the claims that ran out
    return swept


async def destroy(line: Line, sha256s: Sequence[str]) -> tuple[str, ...]:
    """Destroy content at every place, but for what somebody speaks of or is about to. What was destroyed."""
    if not sha256s:
        return ()
    return await _carry_out(line, await line.store.write(Condemn(tuple(sha256s), line.clock())))


async def _carry_out(line: Line, doomed: tuple[str, ...]) -> tuple[str, ...]:
    for sha256 in doomed:
        await line.blobs.destroy(sha256)
    await line.store.write(Destroyed(doomed, line.clock()))
    return doomed


async def _together(digests: AsyncIterator[str]) -> AsyncIterator[tuple[str, ...]]:
    some: list[str] = []
    async for sha256 in digests:
        some.append(sha256)
        if len(some) == TOGETHER:
            yield tuple(some)
            some = []
    if some:
        yield tuple(some)
