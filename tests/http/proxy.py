"""A server in front of the town that ends TLS, as a careless one does it: it writes a host of its own and passes on
whatever headers the client wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import hdrs, web

from tests.http.test_identity import client_context, server_context
from tests.http.town import Town

HOPS = {hdrs.HOST, hdrs.TRANSFER_ENCODING, hdrs.CONNECTION, hdrs.CONTENT_LENGTH}


class Front:
    """The server in front. It is there before the town, whose setting names it."""

    def __init__(self) -> None:
        self.behind = ""
        """Where the town is."""
        self.url = ""

    async def pass_on(self, request: web.Request) -> web.Response:
        sent = [(name, value) for name, value in request.headers.items() if name not in HOPS]
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as session,
            session.request(
                request.method,
                f"{self.behind}{request.path_qs}",
                headers=sent,
                data=await request.read() or None,
                allow_redirects=False,
            ) as answer,
        ):
            kept = [(name, value) for name, value in answer.headers.items() if name not in HOPS]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def front(folder: Path) -> AsyncIterator[Front]:
    """The server in front, until the block ends."""
    folder.mkdir(exist_ok=True)
    one = Front()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", one.pass_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(folder)).start()
    one.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()


@asynccontextmanager
async def seen_through(one: Front, here: Town, folder: Path) -> AsyncIterator[Town]:
    """The town as somebody outside has it: by the server in front, over TLS."""
    one.behind = here.url
    connector = aiohttp.TCPConnector(ssl=client_context(folder, None))
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield replace(here, url=one.url, session=session)
