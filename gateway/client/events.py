"""The event stream, read without end: a broken connection is taken up again behind the last event seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from gateway.client.problem import Problem
from gateway.client.results import Change, decoded_change
from gateway.client.wire import Ask, Wire

QUIET_S = 60.0
"""The gateway says something every 15 seconds; four times that means the connection is dead."""
PAUSE_S = 1.0


async def changes(wire: Wire, after: int) -> AsyncIterator[Change]:
    """Changes from behind number `after`. Problem where the gateway refuses for good."""
    while True:
        pause_s = PAUSE_S
        try:
            headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
            async with wire.opened(Ask("GET", "/v1/events", headers=headers, quiet_s=QUIET_S)) as answer:
                async for number, data in _frames(answer):
                    yield decoded_change(data, number)
                    after = number
        except Problem as no:
            if not no.transient:
                raise
            pause_s = max(PAUSE_S, no.retry_after_s or 0.0)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            pass
        await asyncio.sleep(pause_s)


async def _frames(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, str]]:
    """The numbered events of a stream; comments (heartbeats) and fields we do not use are passed over."""
    number, data = 0, ""
    async for raw in answer.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "id":
            number = int(value)
        elif name == "data":
            data = value
        elif not name and data:
            yield number, data
            data = ""
