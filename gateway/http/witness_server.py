"""A witness's doors (C2SP tlog-witness): add-checkpoint, and the latest checkpoint cosigned of each ledger."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from ssl import SSLContext

from aiohttp import web

from gateway.ledger import ProofError
from gateway.ledger.submission import SIZE_TYPE, SUBMISSION_BYTES_MAX, Answer, Submission
from gateway.store.witness_book import WitnessBook

LOG = logging.getLogger(__name__)

BODY_S_MAX = 10.0
NOT_KEPT = {"Cache-Control": "no-cache"}


def build_witness(book: WitnessBook, clock: Callable[[], datetime]) -> web.Application:
    """The application of a witness. Only what a ledger's key signed gets further than the first question."""

    async def add_checkpoint(request: web.Request) -> web.Response:
        """The cosignature, or why not."""
        try:
            async with asyncio.timeout(BODY_S_MAX):
                submission = Submission.parse(await request.read())
            said = await asyncio.to_thread(book.decide, submission, clock())
        except (ProofError, TimeoutError):
            return web.Response(status=Answer.MALFORMED)
        except sqlite3.Error:
            LOG.exception("the book cannot be written")
            return web.Response(status=503)
        if said.answer is Answer.INCONSISTENT:
            LOG.error("%s does not continue the %d entries cosigned", submission.checkpoint().origin, said.size)
        if said.answer is Answer.CONFLICT:
            return web.Response(status=said.answer, body=b"%d\n" % said.size, headers={"Content-Type": SIZE_TYPE})
        return web.Response(status=said.answer, body=said.line or None)

    async def checkpoint(request: web.Request) -> web.Response:
        """The latest checkpoint cosigned, with the ledger's signature and the witness's."""
        note = await asyncio.to_thread(partial(book.cosigned, request.match_info["origin"]))
        if note is None:
            return web.Response(status=404)
        return web.Response(body=note, content_type="text/plain", charset="utf-8", headers=NOT_KEPT)

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=SUBMISSION_BYTES_MAX)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    app.router.add_get("/{origin:[0-9a-f]{64}}/checkpoint", checkpoint)
    app.router.add_get("/healthz", alive)
    return app


@asynccontextmanager
async def witness_at(
    book: WitnessBook, clock: Callable[[], datetime], host: str, port: int, tls: SSLContext | None = None
) -> AsyncIterator[str]:
    """A witness with its doors open until the block ends; gives its URL."""
    runner = web.AppRunner(build_witness(book, clock), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
