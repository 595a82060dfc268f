"""A packet in an answer: the field's file, or a form, or one attachment of it. Its bytes are as received."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote

import multipart  # type: ignore[import-untyped]
from aiohttp import hdrs, web

from gateway import edxml
from gateway.http.endpoints import BYTES, FORM, PACKET_TYPES
from gateway.http.packaging import PACKET_PART
from gateway.http.problem import refusal
from gateway.http.transfer import Transfers
from gateway.model.packet import Attachment, packet_digest
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import BlobReader

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def _pieces(held: BlobReader, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """An attachment's bytes, opened when they are first wanted: in a thread."""
    yield from held(start, stop)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A packet on its way out. `held` opens its attachments, in order."""

    skeleton: bytes
    attachments: tuple[Attachment, ...]
    held: tuple[BlobReader, ...]

    @property
    def size_bytes(self) -> int:
        return len(self.skeleton) + sum(one.size_bytes for one in self.attachments)

    @property
    def digest(self) -> str:
        """The packet's identity, for the reader to compare."""
        return packet_digest(self.skeleton, [(one.sha256, one.size_bytes) for one in self.attachments])

    def inline(self) -> tuple[Iterator[bytes], int]:
        """The field's file, base64 back where it was cut, and its length in bytes."""
        length = len(self.skeleton) + sum(4 * ((one.size_bytes + 2) // 3) for one in self.attachments)
        return edxml.inline(self.skeleton, [_pieces(one) for one in self.held]), length

    def form(self, boundary: str) -> tuple[Iterator[bytes], int]:
        """A form such as a submission may be, and its length in bytes."""
        heads = [_head(boundary, PACKET_PART, PACKET_TYPES[0])]
        heads += [_head(boundary, one.content_id, BYTES) for one in self.attachments]
        bodies = [iter((self.skeleton,)), *(_pieces(one) for one in self.held)]
        tail = f"\r\n--{boundary}--\r\n".encode()
        parts = chain.from_iterable(chain((head,), body) for head, body in zip(heads, bodies, strict=True))
        return chain(parts, (tail,)), sum(map(len, heads)) + self.size_bytes + len(tail)


def _head(boundary: str, name: str, content_type: str) -> bytes:
    written = multipart.content_disposition_quote(name)
    return (
        f"\r\n--{boundary}\r\nContent-Disposition: form-data; name={written}\r\nContent-Type: {content_type}\r\n\r\n"
    ).encode()


async def send_parcel(
    request: web.Request, parcel: Parcel, transfers: Transfers, headers: dict[str, str], boundary: str
) -> web.StreamResponse:
    """Answer with a packet: a form where the caller prefers one, otherwise the field's file."""
    response = web.StreamResponse(headers=headers)
    if FORM in request.headers.get(hdrs.ACCEPT, ""):
        whole, length = parcel.form(boundary)
        response.headers[hdrs.CONTENT_TYPE] = f"{FORM}; boundary={boundary}"
    else:
        whole, length = parcel.inline()
        response.content_type = PACKET_TYPES[0]
    response.content_length = length
    return await transfers.send(request, response, whole, at_hand=all(one.at_hand for one in parcel.held))


async def send_attachment(
    request: web.Request, attachment: Attachment, held: BlobReader, transfers: Transfers
) -> web.StreamResponse:
    """Answer with one attachment, or the range of it that was asked for."""
    tag = f'"{attachment.sha256}"'
    asked = request.headers.get(hdrs.RANGE, "") if request.headers.get(hdrs.IF_RANGE, tag) == tag else ""
    if is_behind(asked, attachment.size_bytes):
        return _no_such_range(request, asked, attachment.size_bytes)
    start, stop = byte_range(asked, attachment.size_bytes) or (0, attachment.size_bytes)
    part = stop - start < attachment.size_bytes
    name = quote(attachment.name or attachment.content_id, safe="")
    response = web.StreamResponse(
        status=206 if part else 200,
        headers={
            hdrs.ETAG: tag,
            hdrs.ACCEPT_RANGES: "bytes",
            hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{name}",
            # What the sender calls it stays data: a browser must not run an agency's file under our address.
            hdrs.CONTENT_TYPE: BYTES,
        },
    )
    if part:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{attachment.size_bytes}"
    response.content_length = stop - start
    return await transfers.send(request, response, _pieces(held, start, stop))


def _no_such_range(request: web.Request, asked: str, size_bytes: int) -> web.Response:
    """416, and how long the attachment is (RFC 9110, 15.5.17)."""
    answer = refusal(request, Refused(found(Reason.RANGE, size=size_bytes, written=asked)))
    answer.headers[hdrs.CONTENT_RANGE] = f"bytes */{size_bytes}"
    return answer


def is_behind(asked: str, size_bytes: int) -> bool:
    """Whether a Range header's one range is written correctly and begins behind the last byte: whoever goes on from
    there has all, or has another file."""
    match = _RANGE.fullmatch(asked)
    if match is None or not match[1]:
        return match is not None and match[2] != "" and int(match[2]) == 0
    return int(match[1]) >= size_bytes and (not match[2] or int(match[2]) >= int(match[1]))


def byte_range(asked: str, size_bytes: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a Range header's one range; None where it is absent, several, or cannot be met.

    A server may ignore a Range it does not understand (RFC 9110, 14.2): the whole is sent, with status 200.
    """
    match = _RANGE.fullmatch(asked)
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    return (start, stop) if start < stop else None
