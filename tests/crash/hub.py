"""The hub's endpoint, played by a test that decides what it answers and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

BODY_BYTES_MAX = 64 * 1024 * 1024


@dataclass
class Hub:
    """What came in, and how the next one is answered."""

    pushes: list[str] = field(default_factory=list)
    """Delivery ids, one for each push that arrived."""
    busy: bool = False
    """Answer 503: come again."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Answers wait until it is set."""

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        self.pushes.append(request.headers["Idempotency-Key"])
        await self.open.wait()
        return web.Response(status=503) if self.busy else web.json_response({"stored": True})


@asynccontextmanager
async def hub(port: int, *, busy: bool = False, silent: bool = False) -> AsyncIterator[Hub]:
    """The endpoint, until the block ends; `silent`: it answers when `open` is set."""
    played = Hub(busy=busy)
    if not silent:
        played.open.set()
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_post("/", played.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield played
    finally:
        played.open.set()
        await runner.cleanup()
