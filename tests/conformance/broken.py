"""A gateway that is broken on purpose: everything is passed on to a good one, but what a fault falsifies."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

Asking = Callable[[], Awaitable[tuple[int, bytes]]]
Fault = Callable[[web.Request, Asking], Awaitable[tuple[int, bytes]]]
"""Gets a request and how to pass it on; gives what is answered instead."""

OK = {"status": "OK", "ErrorCode": "0", "ErrorDesc": "Success"}


@asynccontextmanager
async def broken(url: str, fault: Fault) -> AsyncIterator[str]:
    """The broken gateway's address."""

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()

        async def ask() -> tuple[int, bytes]:
            headers = {name: value for name, value in request.headers.items() if name not in {"Host", "Content-Length"}}
            async with session.request(request.method, url + request.path_qs, headers=headers, data=body) as good:
                return good.status, await good.read()

        status, said = await fault(request, ask)
        return web.Response(status=status, body=said, content_type="application/json")

    async with aiohttp.ClientSession() as session:
        app = web.Application(client_max_size=10**9)
        app.router.add_route("*", "/{tail:.*}", answer)
        async with TestServer(app, host="127.0.0.1") as server:
            yield str(server.make_url("")).rstrip("/")


async def none(_: web.Request, ask: Asking) -> tuple[int, bytes]:
    return await ask()


async def html_for_errors(_: web.Request, ask: Asking) -> tuple[int, bytes]:
    """A proxy's page instead of a no (the SDK reads it as an empty inbox)."""
    status, body = await ask()
    return (status, body) if status == 200 else (500, b"<html>500</html>")


async def loses_what_it_took(request: web.Request, ask: Asking) -> tuple[int, bytes]:
    """Success for everything sent, and nothing kept."""
    if request.path.endswith("/sendEdoc"):
        return 200, json.dumps(OK | {"DocId": str(uuid.uuid4())}).encode()
    return await ask()


async def another_id_each_time(request: web.Request, ask: Asking) -> tuple[int, bytes]:
    """A packet that is sent again gets another DocId."""
    status, body = await ask()
    if request.path.endswith("/sendEdoc") and status == 200:
        return 200, json.dumps(json.loads(body) | {"DocId": str(uuid.uuid4())}).encode()
    return status, body


async def loses_statuses(request: web.Request, ask: Asking) -> tuple[int, bytes]:
    """Status packets are taken, and never listed."""
    if request.path.endswith("/getReceivedEdocList") and request.headers["XroadVnpt-messagetype"] == "status":
        return 200, json.dumps(OK | {"data": []}).encode()
    return await ask()


async def never_lets_go(request: web.Request, ask: Asking) -> tuple[int, bytes]:
    """A confirmation is answered, and not recorded."""
    if request.path.endswith("/updateStatus"):
        return 200, json.dumps(OK).encode()
    return await ask()
