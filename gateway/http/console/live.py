"""The streams of pages left open. A clerk's says that something changed at their agencies, an operator's that time has
passed or something was done; the page then fetches itself anew.

What changed is never in the stream, so it cannot tell more than the page. It goes on from the change the page was made
with, or from Last-Event-ID after a break: nothing is lost, and nothing is told twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from gateway.exchange import bell
from gateway.exchange.desk import works_for
from gateway.http.console.page import Page, Visit
from gateway.http.sse import LAST_EVENT_ID, MEDIA_TYPE, RECONNECT_MS
from gateway.model.person import Role
from gateway.model.refusal import Unavailable
from gateway.store.queries.desk import newest_event
from gateway.store.queries.parties import happened

EVENTS_PER_READ = 500
STREAM_S = 300.0
"""After so long the browser comes again, and who it is is asked again."""
PULSE_S = 3.0
"""Two looks of an operator's page are at least so far apart, whatever happens."""
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


async def live(visit: Visit) -> web.StreamResponse:
    """The stream of a clerk."""

    async def telling(response: web.StreamResponse) -> None:
        await _tell(visit, response, await _after(visit))

    return await _stream(visit, telling)


async def pulse(visit: Visit) -> web.StreamResponse:
    """The stream of an operator: at most every few seconds while something happens, else now and then."""

    async def telling(response: web.StreamResponse) -> None:
        while True:
            rung = visit.line.bell.listen(bell.CHANGES)
            await asyncio.sleep(PULSE_S)
            await bell.wait(rung, visit.doors.limits.heartbeat_s)
            async with asyncio.timeout(visit.doors.limits.write_timeout_s):
                await response.write(b"data: changed\n\n")

    return await _stream(visit, telling)


async def _stream(visit: Visit, telling: Callable[[web.StreamResponse], Awaitable[None]]) -> web.StreamResponse:
    with visit.doors.waiting.place(f"@{visit.person.key}"):
        headers = {hdrs.CONTENT_TYPE: MEDIA_TYPE, "X-Accel-Buffering": "no", hdrs.CACHE_CONTROL: "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(visit.request)
        try:
            await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
            async with asyncio.timeout(STREAM_S):
                await telling(response)
        except (ConnectionError, TimeoutError):
            visit.facts.add(ended="stream")
        except Unavailable as no:
            visit.facts.add(ended=str(no))
    return response


async def _after(visit: Visit) -> int:
    """The change to go on from: the last one told, else the one the page was made with, else the latest."""
    for written in (visit.request.headers.get(LAST_EVENT_ID, ""), visit.asked("after")):
        if _NUMBER.fullmatch(written):
            return int(written)
    return await visit.line.store.read(newest_event)


async def _tell(visit: Visit, response: web.StreamResponse, after: int) -> None:
    """Tell of each stretch of changes that concerns this person, until they leave; and that we live."""
    line, limits = visit.line, visit.doors.limits
    while True:
        rung = line.bell.listen(bell.CHANGES)
        rows = await line.store.read(happened, after, EVENTS_PER_READ)
        concern = [row.id for row in rows if works_for(line, visit.person, row.sender)]
        concern += [row.id for row in rows if works_for(line, visit.person, row.addressee)]
        if concern:
            async with asyncio.timeout(limits.write_timeout_s):
                await response.write(b"id: %d\ndata: changed\n\n" % max(concern))
        if rows:
            after = rows[-1].id
            rung.cancel()
        else:
            async with asyncio.timeout(limits.write_timeout_s):
                await response.write(b": alive\n\n")
            await bell.wait(rung, min(limits.heartbeat_s, max(line.rules.poll_s, 1.0)))


PAGES = (
    Page("GET", "/live", "console_live", live, (Role.CLERK,), live=True),
    Page("GET", "/health/live", "console_pulse", pulse, (Role.OPERATOR,), live=True),
)
