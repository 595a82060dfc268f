"""The ledger as everybody may read it (C2SP tlog-tiles): checkpoint, tiles, bundles of entries.

Tiles never change, so anybody on the way may keep them for ever; a checkpoint is out of date within a second.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime
from email.utils import format_datetime

from aiohttp import hdrs, web

from gateway.http.endpoints import BYTES, Call
from gateway.http.shapes import NoQuery
from gateway.ledger.tiles import Resource
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries.witness import cosigned_checkpoint, published

FOR_EVER = "public, max-age=31536000, immutable"
A_MOMENT = "public, max-age=1"
TEXT = "text/plain"
GZIP_BYTES_MIN = 512


async def checkpoint(call: Call[NoQuery]) -> web.StreamResponse:
    """The latest checkpoint with as many cosignatures as the policy asks for, merged; NOT_FOUND before the first."""
    return await _checkpoint(call, call.line.keeping.required)


async def latest_checkpoint(call: Call[NoQuery]) -> web.StreamResponse:
    """The latest checkpoint the ledger signed, with the cosignatures it has so far."""
    return await _checkpoint(call, 0)


async def _checkpoint(call: Call[NoQuery], required: int) -> web.StreamResponse:
    signed = await call.line.store.read(cosigned_checkpoint, call.line.keeping.vkeys, required)
    if signed is None:
        raise Refused(found(Reason.NOT_FOUND))
    answer = _known(call, signed.note, A_MOMENT)
    answer.headers[hdrs.CONTENT_TYPE] = f"{TEXT}; charset=utf-8"
    answer.headers[hdrs.LAST_MODIFIED] = _http_date(signed.recorded_at)
    return answer


async def resource(call: Call[NoQuery]) -> web.StreamResponse:
    """A tile or a bundle, at any width a published size has; NOT_FOUND for every other path."""
    asked = Resource.parse(f"tile/{call.part('resource')}")
    data = None if asked is None else await call.line.store.read(published, asked)
    if asked is None or data is None:
        raise Refused(found(Reason.NOT_FOUND))
    if asked.level is None and len(data) >= GZIP_BYTES_MIN and _takes_gzip(call.request):
        # Entries are text and shrink to a quarter; hashes do not shrink at all.
        packed = await call.doors.transfers.sized(len(data), lambda: gzip.compress(data, mtime=0))
        answer = _known(call, packed, FOR_EVER)
        answer.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        answer = _known(call, data, FOR_EVER)
    answer.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    answer.headers[hdrs.CONTENT_TYPE] = BYTES
    return answer


def _known(call: Call[NoQuery], body: bytes, caching: str) -> web.Response:
    """These bytes, or 304 where the caller has them already."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    known = {one.value for one in call.request.if_none_match or ()}
    headers = {hdrs.ETAG: f'"{tag}"', hdrs.CACHE_CONTROL: caching}
    return web.Response(status=304, headers=headers) if known & {tag, "*"} else web.Response(body=body, headers=headers)


def _takes_gzip(request: web.Request) -> bool:
    for one in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() == "gzip":
            return weight.strip().lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _http_date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)
