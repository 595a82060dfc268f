"""What an endpoint is. One table of these registers the routes and makes the OpenAPI document: they cannot part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import hdrs, web

from gateway.exchange.line import Line
from gateway.exchange.uploads import UploadRules
from gateway.http.crowd import Crowd
from gateway.http.faults import fault
from gateway.http.limits import HttpLimits
from gateway.http.logline import Facts
from gateway.http.metrics import Metrics
from gateway.http.shapes import NoQuery
from gateway.http.transfer import Transfers
from gateway.http.waiting import Waiting
from gateway.model.agency import Peer
from gateway.model.reasons import Reason

Query = TypeVar("Query", bound=msgspec.Struct)

JSON = "application/json"
XML = "application/xml"
BYTES = "application/octet-stream"
FORM = "multipart/form-data"
PACKET_TYPES = ("application/edxml+xml", XML, "text/xml", BYTES)
"""Content types under which a whole .edxml file may be sent."""

ANYONE = Peer(key="", name="")
"""Who calls a public endpoint: nobody in particular."""

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Doors:
    """What the endpoints share: the line behind them, limits, figures, threads for large bodies."""

    line: Line
    limits: HttpLimits
    metrics: Metrics
    transfers: Transfers
    waiting: Waiting
    uploads: UploadRules
    crowd: Crowd
    description: bytes
    """The OpenAPI document, encoded."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Query]):
    """One request, understood: who calls, what was asked."""

    request: web.Request
    doors: Doors
    peer: Peer
    query: Query
    facts: Facts

    @property
    def line(self) -> Line:
        return self.doors.line

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True)
class Answer:
    """One way an endpoint answers: what it means, and in which shapes by media type (None: not JSON)."""

    description: str
    media: Mapping[str, type[msgspec.Struct] | None]


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Query]):
    """A row of the table."""

    method: str
    path: str
    name: str
    """The OpenAPI operation id, and the label of its metrics."""
    summary: str
    answering: Callable[[Call[Query]], Awaitable[web.StreamResponse]]
    answers: Mapping[int, Answer]
    query: type[Query]
    body: Mapping[str, type[msgspec.Struct] | None] = field(default_factory=dict)
    refusals: tuple[Reason, ...] = ()
    """Beside those every endpoint has."""
    public: bool = False
    """True where no peer needs to be known."""
    headers: tuple[str, ...] = ()
    """Request headers it understands."""


def plain(
    method: str,
    path: str,
    name: str,
    summary: str,
    answering: Callable[[Call[NoQuery]], Awaitable[web.StreamResponse]],
    answers: Mapping[int, Answer],
    *,
    body: Mapping[str, type[msgspec.Struct] | None] | None = None,
    refusals: tuple[Reason, ...] = (),
    public: bool = False,
    headers: tuple[str, ...] = (),
) -> Endpoint[NoQuery]:
    """An endpoint without query parameters."""
    return Endpoint(method, path, name, summary, answering, answers, NoQuery, body or {}, refusals, public, headers)


def read_query(request: web.Request, shape: type[Query]) -> Query:
    """The query parameters as `shape`; Refused(REQUEST_MALFORMED) for unknown, repeated or impossible ones."""
    written = dict(request.query)
    if len(written) != len(request.query):
        raise fault(Reason.REQUEST_MALFORMED, "parameter_repeated")
    try:
        return msgspec.convert(written, shape, strict=False)
    except msgspec.ValidationError as error:
        raise fault(Reason.REQUEST_MALFORMED, "parameter_wrong", what=str(error)) from error


async def read_json(call: Call[Any], shape: type[Query]) -> Query:
    """A small JSON body as `shape`; Refused for another content type, too many bytes, or another shape."""
    if call.request.content_type != JSON:
        raise fault(Reason.CONTENT_TYPE, "content_type", written=call.request.content_type)
    body = await call.doors.transfers.read_small(call.request, call.doors.limits.json_bytes_max)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error


def json_answer(shape: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer in JSON."""
    return web.Response(body=_ENCODER.encode(shape), status=status, content_type=JSON, headers=headers)


def bytes_answer(body: bytes, content_type: str, file_name: str | None = None) -> web.Response:
    """An answer of another type, as a file where it has a (plain ASCII) name."""
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{file_name}"'} if file_name else None
    return web.Response(body=body, content_type=content_type, headers=headers)
