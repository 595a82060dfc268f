"""A packet in a request body: the field's file with its attachments inline, or a form with its attachments as parts.

Both ways lead to the same `Received`, byte for byte, so a packet keeps its identity whichever way it is sent.
Attachments leave the body as it passes; what stays in memory is the envelope.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import multipart  # type: ignore[import-untyped]
from aiohttp import web

from gateway.edxml import Cutter, Limits, Part, PartWriter, Received, Sink, received
from gateway.http.endpoints import FORM, PACKET_TYPES
from gateway.http.faults import fault
from gateway.http.transfer import Transfers
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found

PACKET_PART = "packet"
"""Name of the first part of a form: the edXML file with every ContentTransferEncoded empty."""

PART_HEADER_BYTES_MAX = 4_096
PART_HEADERS_MAX = 8

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")  # RFC 2046, 5.1.1
_PLAIN_ENCODINGS = frozenset({"binary", "8bit", "7bit"})

_UPLOAD = re.compile(r"/v1/uploads/([0-9A-Za-z]{1,32})")

OpenSink = Callable[[], Sink]


@dataclass(frozen=True, slots=True)
class Named:
    """The sink of a part that names an upload: its bytes came ahead, so it takes none."""

    upload_id: str
    part: str

    def write(self, data: bytes, /) -> None:
        """Refused: the part must be empty."""
        raise _malformed("upload_part", name=self.part)

    def close(self) -> None:
        """As it should be."""


class Unpacking(Protocol):
    """A body on its way in."""

    def feed(self, data: bytes) -> None:
        """Take the next piece. Raises Refused."""
        ...

    def finish(self) -> Received:
        """The packet, once the whole body was fed. Raises Refused."""
        ...


async def unpack(
    request: web.Request, sender: str, unpacking: Unpacking, transfers: Transfers, bytes_max: int
) -> Received:
    """The packet a request carries. Raises Refused (receive.*, request.malformed); the caller drops the sinks then."""
    size_bytes = await transfers.pour(request, sender, unpacking, bytes_max)
    return await transfers.sized(size_bytes, unpacking.finish)


def unpacking_for(content_type: str, limits: Limits, open_sink: OpenSink) -> Unpacking:
    """What unpacks a body of this content type; Refused(CONTENT_TYPE) for any other."""
    media_type, options = multipart.parse_options_header(content_type)
    if media_type == FORM:
        return FormBody(options.get("boundary", ""), limits, open_sink)
    if media_type in PACKET_TYPES and options.get("charset", "utf-8").lower() == "utf-8":
        return InlineBody(limits, open_sink)
    raise fault(Reason.CONTENT_TYPE, "content_type", written=content_type)


class InlineBody:
    """The field's file: base64 is cut out and decoded as it passes."""

    def __init__(self, limits: Limits, open_sink: OpenSink) -> None:
        self._cutter = Cutter(limits, open_sink)

    def feed(self, data: bytes) -> None:
        """Take the next piece of the file."""
        self._cutter.feed(data)

    def finish(self) -> Received:
        """The packet, with its attachments in file order."""
        return self._cutter.received()


class FormBody:
    """A form: first the part `packet`, then each attachment in file order, each part named by its ContentId.

    File names and content types of parts say nothing here: the (signed) manifest says what an attachment is called. A
    part with a Content-Location is an upload that came ahead (`http.uploads`).
    """

    def __init__(self, boundary: str, limits: Limits, open_sink: OpenSink) -> None:
        if not _BOUNDARY.fullmatch(boundary):
            raise _malformed("form_boundary")
        self._parser = multipart.PushMultipartParser(
            boundary, max_header_size=PART_HEADER_BYTES_MAX, max_header_count=PART_HEADERS_MAX
        )
        self._limits, self._open_sink = limits, open_sink
        self._cutter = Cutter(limits, open_sink, inline=False)
        self._names: list[str] = []
        self._parts: list[Part] = []
        self._writer: PartWriter | None = None

    def feed(self, data: bytes) -> None:
        """Take the next piece of the form."""
        try:
            for event in self._parser.parse(data) if data else ():
                match event:
                    case multipart.MultipartSegment():
                        self._begin(event)
                    case None:
                        self._end()
                    case piece if self._writer is None:
                        self._cutter.feed(piece)
                    case piece:
                        self._writer.write(piece)
        except multipart.MultipartError as error:
            raise _malformed("form_broken", what=str(error)) from error

    def finish(self) -> Received:
        """The packet; the form must be complete."""
        try:
            self._parser.close()
        except multipart.MultipartError as error:
            raise _malformed("form_broken", what=str(error)) from error
        if not self._names:
            raise _malformed("form_empty")
        skeleton, _ = self._cutter.finish()
        return received(skeleton, self._parts, self._cutter.enveloped)

    def _begin(self, segment: multipart.MultipartSegment) -> None:
        headers = [name for name, _ in segment.headerlist]
        encoding = (segment.header("Content-Transfer-Encoding") or "binary").lower()
        name = (segment.name or "").removeprefix("cid:")
        if len(set(headers)) != len(headers) or encoding not in _PLAIN_ENCODINGS:
            raise _malformed("form_headers", name=name)
        if (compressed := segment.header("Content-Encoding")) is not None:
            raise fault(Reason.CONTENT_ENCODING, "content_encoding", written=compressed)
        if (name == PACKET_PART) != (not self._names):
            raise _malformed("form_first")
        if not name or name in self._names:
            raise _malformed("form_names", name=name)
        if len(self._names) > self._limits.attachments_max:
            raise Refused(found(Reason.TOO_MANY_ATTACHMENTS, limit=self._limits.attachments_max))
        if self._names:
            location = segment.header("Content-Location")
            sink = self._open_sink() if location is None else _named(name, location)
            self._writer = PartWriter(self._limits, sink)
        self._names.append(name)

    def _end(self) -> None:
        if self._writer is not None:
            self._parts.append(self._writer.finish(self._names[-1]))
            self._writer = None


def _named(name: str, location: str) -> Named:
    match = _UPLOAD.fullmatch(location)
    if match is None:
        raise _malformed("upload_part", name=name)
    return Named(match[1], name)


def _malformed(sentence: str, **values: str) -> Refused:
    return fault(Reason.MULTIPART_MALFORMED, sentence, **values)
