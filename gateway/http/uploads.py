"""Resumable uploads: tus 1.0.0 (core, creation, expiration, checksum, termination) at the native API.

A large attachment comes ahead of its packet and goes on where it was broken off. The packet that follows names it: an
empty part whose Content-Location is the address of the upload.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial

from aiohttp import hdrs, web

from gateway.edxml import Part, Received, received
from gateway.exchange import uploads
from gateway.http.endpoints import Answer, Call, Endpoint, plain
from gateway.http.faults import fault
from gateway.http.packaging import Named
from gateway.http.shapes import NoQuery
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.uploads import Upload

VERSION = "1.0.0"
MEDIA_TYPE = "application/offset+octet-stream"
METADATA_CHARS_MAX = 1_024

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_METADATA = re.compile(r"[\x21-\x7e ]*", re.ASCII)
_RESUMABLE, _LENGTH, _OFFSET, _KEPT_UNTIL = "Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Expires"
_METADATA_HEADER, _CHECKSUM = "Upload-Metadata", "Upload-Checksum"

BELOW = "/v1/uploads"
SPOKEN = {_RESUMABLE: VERSION, "Tus-Version": VERSION}
"""Headers of every answer below that path, a refusal too (tus 1.0.0, Tus-Resumable)."""


async def options(call: Call[NoQuery]) -> web.StreamResponse:
    """What of the protocol is spoken, and up to which size."""
    headers = {
        "Tus-Extension": "creation,expiration,checksum,termination",
        "Tus-Checksum-Algorithm": ",".join(uploads.CHECKSUMS),
        "Tus-Max-Size": str(call.line.limits.attachment_bytes_max),
    }
    return web.Response(status=204, headers=headers)


async def create(call: Call[NoQuery]) -> web.StreamResponse:
    """Expect an upload. 201 with its address."""
    _check_version(call)
    metadata = call.request.headers.get(_METADATA_HEADER, "")
    if len(metadata) > METADATA_CHARS_MAX or not _METADATA.fullmatch(metadata):
        raise fault(Reason.REQUEST_MALFORMED, "upload_header", name=_METADATA_HEADER)
    new = await uploads.begin(call.line, call.doors.uploads, call.peer, _number(call, _LENGTH), metadata)
    call.facts.add(upload=new.id, size_bytes=new.size_bytes)
    headers = {hdrs.LOCATION: f"/v1/uploads/{new.id}", _KEPT_UNTIL: _http_date(new.expires_at)}
    return web.Response(status=201, headers=headers)


async def standing(call: Call[NoQuery]) -> web.StreamResponse:
    """Where to go on."""
    _check_version(call)
    seen = await uploads.standing(call.line, call.peer, call.part("upload_id"))
    headers = {_LENGTH: str(seen.size_bytes), **_where(seen)}
    if seen.metadata:
        headers[_METADATA_HEADER] = seen.metadata
    if seen.sha256:
        headers[hdrs.ETAG] = f'"{seen.sha256}"'
    return web.Response(status=200, headers=headers)


async def append(call: Call[NoQuery]) -> web.StreamResponse:
    """Write on. What came before a line broke is kept, but for what has a checksum: that is kept whole or not."""
    _check_version(call)
    if call.request.content_type != MEDIA_TYPE:
        raise fault(Reason.CONTENT_TYPE, "content_type", written=call.request.content_type)
    doors, offset = call.doors, _number(call, _OFFSET)
    async with (
        uploads.writing(call.line, call.peer, call.part("upload_id"), offset, _checksum(call)) as writing,
        aclosing(doors.transfers.batches(call.request, call.peer.key, writing.upload.left_bytes)) as batches,
    ):
        async for batch in batches:
            await doors.transfers.in_thread(partial(writing.feed, batch))
            if writing.due:
                await writing.record()
    now = replace(writing.upload, offset_bytes=writing.recorded_bytes)
    call.facts.add(upload=now.id, offset_bytes=now.offset_bytes)
    return web.Response(status=204, headers=_where(now))


async def terminate(call: Call[NoQuery]) -> web.StreamResponse:
    """Give an upload up, or tidy up after the packet it was for."""
    _check_version(call)
    await uploads.give_up(call.line, call.peer, call.part("upload_id"))
    return web.Response(status=204)


async def redeemed(call: Call[NoQuery], packet: Received) -> Received:
    """A packet with the uploads it names in their places. Whatever was staged for it is dropped where one is not."""
    if not any(isinstance(part.sink, Named) for part in packet.parts):
        return packet
    parts: list[Part] = []
    try:
        for part in packet.parts:
            upload = part.sink.upload_id if isinstance(part.sink, Named) else None
            parts.append(
                part if upload is None else await uploads.redeem(call.line, call.peer, upload, part.content_id)
            )
    except BaseException:
        call.line.blobs.release(_staged([*parts, *packet.parts[len(parts) :]]))
        raise
    return received(packet.skeleton, parts, packet.enveloped)


def _staged(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if not isinstance(part.sink, Named)]


def _where(seen: Upload) -> dict[str, str]:
    return {_OFFSET: str(seen.offset_bytes), _KEPT_UNTIL: _http_date(seen.expires_at)}


def _check_version(call: Call[NoQuery]) -> None:
    if call.request.headers.get(_RESUMABLE) != VERSION:
        raise Refused(found(Reason.UPLOAD_VERSION))


def _number(call: Call[NoQuery], name: str) -> int:
    written = call.request.headers.get(name, "")
    if not _NUMBER.fullmatch(written):
        raise fault(Reason.REQUEST_MALFORMED, "upload_header", name=name)
    return int(written)


def _checksum(call: Call[NoQuery]) -> uploads.Checksum | None:
    written = call.request.headers.get(_CHECKSUM)
    if written is None:
        return None
    algorithm, _, digest = written.partition(" ")
    try:
        return uploads.Checksum(algorithm, base64.b64decode(digest, validate=True))
    except ValueError:
        raise fault(Reason.REQUEST_MALFORMED, "upload_header", name=_CHECKSUM) from None


def _http_date(at: datetime) -> str:
    """RFC 9110, 5.6.7."""
    return format_datetime(at, usegmt=True)


_ONE = "/v1/uploads/{upload_id:[0-9A-Za-z]+}"
_UNAVAILABLE = tuple(one for one in Reason if one.split(".")[0] == "unavailable")
_KNOWN = (Reason.UPLOAD_VERSION, Reason.NOT_FOUND, Reason.UPLOAD_EXPIRED)

UPLOAD_ENDPOINTS: tuple[Endpoint[NoQuery], ...] = (
    plain(
        "OPTIONS", "/v1/uploads", "describeUploads", "Ask which part of tus 1.0.0 is spoken", options,
        {204: Answer("Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm", {})}, public=True,
    ),
    plain(
        "POST", "/v1/uploads", "beginUpload", "Begin the upload of a large attachment (tus 1.0.0)", create,
        {201: Answer("Location is the address of the upload", {})},
        refusals=(Reason.UPLOAD_VERSION, Reason.UPLOAD_TOO_MANY, Reason.ATTACHMENT_TOO_LARGE, *_UNAVAILABLE),
        headers=(_RESUMABLE, _LENGTH, _METADATA_HEADER),
    ),
    plain(
        "HEAD", _ONE, "getUpload", "Ask where an upload stands", standing,
        {200: Answer("Upload-Offset bytes are durable; ETag is the SHA-256 once all are", {})},
        refusals=_KNOWN, headers=(_RESUMABLE,),
    ),
    plain(
        "PATCH", _ONE, "continueUpload", "Send more bytes of an upload", append,
        {204: Answer("Upload-Offset bytes are durable", {})}, body={MEDIA_TYPE: None},
        refusals=(
            *_KNOWN, Reason.UPLOAD_OFFSET, Reason.UPLOAD_BUSY, Reason.UPLOAD_CHECKSUM, Reason.CONTENT_TYPE,
            Reason.BODY_TOO_LARGE, Reason.BODY_TRUNCATED, Reason.BODY_TOO_SLOW, *_UNAVAILABLE,
        ),
        headers=(_RESUMABLE, _OFFSET, _CHECKSUM),
    ),
    plain(
        "DELETE", _ONE, "endUpload", "Remove an upload", terminate, {204: Answer("It is gone", {})},
        refusals=(*_KNOWN, *_UNAVAILABLE), headers=(_RESUMABLE,),
    ),
)  # fmt: skip
"""The rows of uploads."""
