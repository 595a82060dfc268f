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
from gateway.http.console import cookies
from gateway.http.console.page import Page, Visit
from gateway.http.sse import LAST_EVENT_ID, MEDIA_TYPE, RECONNECT_MS
from gateway.model.person import Role
from gateway.model.refusal import Unavailable
from gateway.store.queries.desk import newest_event
from gateway.store.queries.parties import happened

EVENTS_PER_READ = 500
STREAM_S = 300.0
"""After so long the browser comes again, and who it is is asked again."""
INSIDE_S = 10.0
"""So often it is asked whether the session still holds."""
PULSE_S = 3.0
"""Two looks of an operator's page are at least so far apart, whatever happens."""
CHANGED = b"data: changed\n\n"
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
                await response.write(CHANGED)

    return await _stream(visit, telling)


async def _stream(visit: Visit, telling: Callable[[web.StreamResponse], Awaitable[None]]) -> web.StreamResponse:
    """Tell until the time is up or the session over; at the end the page looks once more."""
    with visit.doors.waiting.place(f"@{visit.person.key}"):
        headers = {hdrs.CONTENT_TYPE: MEDIA_TYPE, "X-Accel-Buffering": "no", hdrs.CACHE_CONTROL: "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(visit.request)
        try:
            await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
            await _until_over(visit, telling(response))
            async with asyncio.timeout(visit.doors.limits.write_timeout_s):
                await response.write(CHANGED)
        except (ConnectionError, TimeoutError):
            visit.facts.add(ended="stream")
        except Unavailable as no:
            visit.facts.add(ended=str(no))
    return response


async def _until_over(visit: Visit, telling: Awaitable[None]) -> None:
    """Ends quietly when the time is up or the session over. TimeoutError where the browser does not read."""
    try:
        async with asyncio.timeout(STREAM_S) as until:
            watch = asyncio.create_task(_end_with_session(visit, until))
            try:
                await telling
            finally:
                watch.cancel()
    except TimeoutError:
        if not until.expired():
            raise


async def _end_with_session(visit: Visit, until: asyncio.Timeout) -> None:
    """Who has left, was sent away, or may see other things than before is told nothing more; their page asks why."""
    cookie, person = cookies.SESSION.read(visit.request), visit.person
    while (who := await visit.entrance.inside(cookie, used=False)) is not None and who.person == person:  # noqa: ASYNC110
        await asyncio.sleep(INSIDE_S)  # any node may end it: there is nothing here to wait for
    until.reschedule(asyncio.get_running_loop().time())


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
                await response.write(b"id: %d\n" % max(concern) + CHANGED)
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
