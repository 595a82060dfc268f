"""The doors: every request passes one threshold, where it is named, timed, answered or refused, and written down.

`build_app` makes the application from the table of endpoints; `DoorRunner` serves it, so that even what never becomes a
request (broken HTTP) is answered with a problem.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, cast

import msgspec
from aiohttp import hdrs, web

from gateway.exchange.entrance import EntranceRules
from gateway.exchange.line import Line
from gateway.exchange.provider import Provider
from gateway.exchange.uploads import UploadRules
from gateway.http.axis import AXIS, AxisRules, add_dialect, is_below
from gateway.http.axis.envelope import VOICE as AXIS_VOICE
from gateway.http.console.doors_of_people import add_console
from gateway.http.crowd import Connections, Crowd, connections_that_fit
from gateway.http.endpoints import ANYONE, Call, Doors, Endpoint, read_query
from gateway.http.faults import fault, fault_found
from gateway.http.identity import Identity
from gateway.http.limits import HttpLimits
from gateway.http.logline import LOG, facts_of
from gateway.http.metrics import Metrics
from gateway.http.openapi import document
from gateway.http.problem import VOICE, bug, foreign, malformed, problems
from gateway.http.public import PublicAddress
from gateway.http.table import ENDPOINTS
from gateway.http.transfer import Transfers
from gateway.http.uploads import BELOW, SPOKEN
from gateway.http.waiting import Waiting
from gateway.model.reasons import Reason
from gateway.store import queries
from gateway.trust.leaked import LeakedPasswords

DOORS = web.AppKey("doors", Doors)
PUBLIC = web.AppKey("public", PublicAddress)

NO_PAGE = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
"""What an answer that is no page of ours may do in a browser: nothing."""
TRANSPORT = "max-age=31536000; includeSubDomains"

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    line: Line,
    limits: HttpLimits | None = None,
    axis: AxisRules | None = None,
    people: EntranceRules | None = None,
    provider: Provider | None = None,
    uploads: UploadRules | None = None,
    public: PublicAddress | None = None,
    leaked: LeakedPasswords | None = None,
) -> web.Application:
    """The application: every endpoint of the table in front of `line`, the document that describes them, and beside
    them the axis dialect and the console. Without a `public` address requests are taken as they came."""
    limits, axis = limits or HttpLimits(), axis or AxisRules()
    description = msgspec.json.encode(document(ENDPOINTS))
    waiting, kept = Waiting(limits.waiting_per_peer_max), uploads or UploadRules()
    crowd = Crowd(limits.submissions_max)
    doors = Doors(line, limits, Metrics(), Transfers(limits), waiting, kept, crowd, description)
    identity = Identity(lambda digest: line.store.glance(queries.credential, digest), limits)
    app = web.Application(middlewares=[_threshold])
    app[DOORS], app[AXIS] = doors, axis
    if public is not None:
        app[PUBLIC] = public
    for endpoint in ENDPOINTS:
        answering = _serving(doors, identity, endpoint)
        app.router.add_route(endpoint.method, endpoint.path, answering, name=endpoint.name, expect_handler=_expect)
    add_dialect(app, doors, identity, axis, _expect)
    add_console(app, doors, people or EntranceRules(), provider, leaked)
    app.on_response_prepare.append(_sign_answer)
    app.on_shutdown.append(_end_waits)
    app.cleanup_ctx.append(_threads)
    return app


def _serving(doors: Doors, identity: Identity, endpoint: Endpoint[Any]) -> Answering:
    async def serve(request: web.Request) -> web.StreamResponse:
        """What every endpoint has before its own work: who calls, within what rate, with which parameters."""
        facts, peer, line = facts_of(request), ANYONE, doors.line
        if not endpoint.public:
            peer = await identity.peer(request, line.directory, line.clock(), time.monotonic())
            facts.add(peer=peer.key)
        query = read_query(request, endpoint.query)
        return await endpoint.answering(Call(request, doors, peer, query, facts))

    return serve


async def _expect(request: web.Request) -> None:
    """`Expect: 100-continue` is answered when the body is wanted (`transfer`), so a refused caller never sends it."""


@web.middleware
async def _threshold(request: web.Request, handler: Answering) -> web.StreamResponse:
    """Answer, count and write down one request. Every error leaves here as a problem."""
    started_s = time.perf_counter()
    endpoint = request.match_info.route.name or "unknown"
    status = 499  # the caller left before there was an answer
    try:
        answer = await problems(request, lambda: _answer(request, handler))
        status = answer.status
        return answer
    finally:
        facts, seconds = facts_of(request), time.perf_counter() - started_s
        reason = facts.known.get("reason")
        request.app[DOORS].metrics.answered(endpoint, status, reason, seconds)
        facts.add(method=request.method, path=request.path, address=request.remote or "")
        if reason != Reason.OVERLOADED:  # of those sent away the log says only that there are some (`crowd`)
            LOG.info(
                "request", request_id=facts.request_id, endpoint=endpoint, status=status,
                ms=round(seconds * 1000, 3), **facts.known,
            )  # fmt: skip


async def _answer(request: web.Request, answering: Answering) -> web.StreamResponse:
    _check_framing(request)
    return await answering(request)


def _check_framing(request: web.Request) -> None:
    """Refuse what two programs on the way may read differently, and bodies that unfold into more than they are."""
    headers = request.headers
    encodings = headers.getall(hdrs.TRANSFER_ENCODING, ())
    if encodings and (hdrs.CONTENT_LENGTH in headers or [one.lower() for one in encodings] != ["chunked"]):
        raise fault(Reason.REQUEST_MALFORMED, "framing")
    for name in (hdrs.CONTENT_LENGTH, hdrs.HOST, hdrs.CONTENT_TYPE, hdrs.AUTHORIZATION):
        if len(headers.getall(name, ())) > 1:
            raise fault(Reason.REQUEST_MALFORMED, "header_repeated", name=name)
    if headers.get(hdrs.EXPECT, "100-continue").lower() != "100-continue":
        raise fault(Reason.REQUEST_MALFORMED, "expect")
    if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise fault(Reason.CONTENT_ENCODING, "content_encoding", written=headers[hdrs.CONTENT_ENCODING])


async def _sign_answer(request: web.Request, answer: web.StreamResponse) -> None:
    _sign(request, answer)
    if request.app[DOORS].line.state.leaving:
        answer.headers[hdrs.CONNECTION] = "close"
        answer.force_close()


def _sign(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """Headers of every answer: which request it was; nobody keeps it, guesses at it, frames it, or learns our software
    from it; and where it came by TLS, the next request will too."""
    answer.headers["X-Request-Id"] = facts_of(request).request_id
    answer.headers[hdrs.SERVER] = "truc"
    answer.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Content-Security-Policy", NO_PAGE)
    if request.path.startswith(BELOW):
        answer.headers.update(SPOKEN)
    if isinstance(request, web.Request) and request.secure:
        answer.headers["Strict-Transport-Security"] = TRANSPORT


async def _end_waits(app: web.Application) -> None:
    app[DOORS].waiting.close()


async def _threads(app: web.Application) -> AsyncIterator[None]:
    yield
    app[DOORS].transfers.close()


class DoorRunner(web.AppRunner):
    """Serves an application of `build_app` within its limits."""

    def __init__(self, app: web.Application, shutdown_timeout_s: float = 20.0) -> None:
        self._limits = limits = app[DOORS].limits
        self._axis, self._public = app[AXIS], app.get(PUBLIC)
        super().__init__(
            app,
            access_log=None,  # the threshold writes one line a request
            auto_decompress=False,  # encoded bodies are refused, so nothing is ever unfolded
            max_line_size=limits.header_line_bytes_max,
            max_field_size=limits.header_line_bytes_max,
            max_headers=limits.headers_max,
            keepalive_timeout=limits.header_timeout_s,
            lingering_time=2.0,
            shutdown_timeout=shutdown_timeout_s,
        )

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        ours = _Server(
            partial(_outermost, server.request_handler),
            request_factory=partial(_received, server.request_factory, self._axis, self._public),
            loop=asyncio.get_running_loop(),
            **server._kwargs,
        )
        limits = self._limits
        ours.connected = Connections(connections_that_fit(limits.connections_max), limits.write_timeout_s)
        return ours


def _received(
    make: Callable[..., web.BaseRequest], axis: AxisRules, public: PublicAddress | None, *args: object
) -> web.BaseRequest:
    """A request that knows, before anything can fail, where it was sent to and in which dialect it is answered."""
    request = make(*args) if public is None else public.seen(make(*args))
    if is_below(request.path, axis):
        request[VOICE] = AXIS_VOICE
    return request


class _Server(web.Server):
    connected: Connections
    """Who is connected at these doors."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    """aiohttp's connection: one of so many, and with its own complaints in our shape."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if cast(_Server, self._manager).connected.come(cast(asyncio.Transport, transport)):
            super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.transport is not None:  # one that was turned away never had it
            cast(_Server, self._manager).connected.go(self.transport)
            super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read as HTTP, and to a bug in the threshold itself."""
        if request.writer.output_size > 0:
            raise ConnectionResetError("the answer could not be completed") from exc
        if status >= 500 and exc is not None:
            answer = bug(request, exc)
        else:
            LOG.info("broken_http", address=request.remote, status=status, error=type(exc).__name__)
            answer = malformed(request, fault_found(Reason.REQUEST_MALFORMED, "broken_http"))
        _sign(request, answer)
        return answer


async def _outermost(
    answering: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], request: web.BaseRequest
) -> web.StreamResponse:
    """What aiohttp raises before our threshold is reached (an unknown Expect on an unknown path) is a problem too."""
    try:
        return await answering(request)
    except web.HTTPException as no:
        return foreign(request, no)
