"""Server-sent events: changes of a peer's deliveries as they come, resumed without loss by Last-Event-ID."""

from __future__ import annotations

import asyncio
import re

import msgspec
from aiohttp import hdrs, web

from gateway.exchange import register
from gateway.http.endpoints import Call
from gateway.http.faults import fault
from gateway.http.shapes import ChangeShape, NoQuery
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import Change

LAST_EVENT_ID = "Last-Event-ID"
MEDIA_TYPE = "text/event-stream"
RECONNECT_MS = 2_000

_ENCODER = msgspec.json.Encoder()


async def events(call: Call[NoQuery]) -> web.StreamResponse:
    """The stream. Without Last-Event-ID it starts from the peer's first change; with it, from the one behind."""
    after = last_event_id(call.request)
    with call.doors.waiting.place(call.peer.key):
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: MEDIA_TYPE, "X-Accel-Buffering": "no"})
        await response.prepare(call.request)
        await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
        try:
            await _send(call, response, after)
        except* (ConnectionError, TimeoutError):
            call.facts.add(ended="reader left")
        except* Unavailable as no:
            call.facts.add(ended=str(no.exceptions[0]))
    return response


async def _send(call: Call[NoQuery], response: web.StreamResponse, after: int) -> None:
    """Changes and heartbeats, each written whole, until the reader leaves or we shut down."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_heartbeats(call, response))
        async for change in register.changes(call.line, call.peer, after):
            async with asyncio.timeout(call.doors.limits.write_timeout_s):
                await response.write(frame(change))


async def _heartbeats(call: Call[NoQuery], response: web.StreamResponse) -> None:
    while True:
        await asyncio.sleep(call.doors.limits.heartbeat_s)
        async with asyncio.timeout(call.doors.limits.write_timeout_s):
            await response.write(b": alive\n\n")


def frame(change: Change) -> bytes:
    """One event. JSON holds no line break, so its data is one line."""
    shape = ChangeShape(change.dispatch_id, change.delivery_id, str(change.event), change.at, change.addressee)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.id, str(change.event).encode(), _ENCODER.encode(shape))


def last_event_id(request: web.Request) -> int:
    """Where to go on; 0 at the beginning. Refused for what no event of ours was ever called."""
    written = request.headers.get(LAST_EVENT_ID, "0")
    if not re.fullmatch(r"[0-9]{1,18}", written, re.ASCII):
        raise fault(Reason.REQUEST_MALFORMED, "event_id")
    return int(written)
