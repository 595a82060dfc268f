"""An attachment on its way in: decoded, counted and hashed once, while it is written where the caller wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.edxml.findings import explained
from gateway.edxml.limits import Limits
from gateway.model.packet import packet_digest
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

HEAD_BYTES = 8
"""How many first bytes are kept, for recognising a file by its magic."""


class Sink(Protocol):
    """Where the decoded bytes of one attachment go. `close` says that all have come; after a refusal it is not called,
    and whoever opened the sink drops it."""

    def write(self, data: bytes, /) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment received whole."""

    content_id: str | None
    """As its multipart part was named, without `cid:`; None where it came inside the XML."""
    sha256: str
    """Lower-case hex, of the decoded bytes."""
    size_bytes: int
    head: bytes
    """The first 8 bytes, fewer where there are fewer."""
    sink: Sink


class PartWriter:
    """Takes the decoded bytes of one attachment as they come."""

    def __init__(self, limits: Limits, sink: Sink) -> None:
        self._bytes_max = limits.attachment_bytes_max
        self._sink = sink
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._head = b""

    def write(self, data: bytes) -> None:
        """Refused(ATTACHMENT_TOO_LARGE) beyond the limit; then nothing of `data` has been written."""
        self._size_bytes += len(data)
        if self._size_bytes > self._bytes_max:
            raise Refused(explained(Reason.ATTACHMENT_TOO_LARGE, "limit", limit=self._bytes_max))
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data[:HEAD_BYTES])[:HEAD_BYTES]
        self._hash.update(data)
        self._sink.write(data)

    def finish(self, content_id: str | None = None) -> Part:
        """Closes the sink. Call once, after the last byte."""
        self._sink.close()
        return Part(
            content_id and content_id.removeprefix("cid:"),
            self._hash.hexdigest(),
            self._size_bytes,
            self._head,
            self._sink,
        )


@dataclass(frozen=True, slots=True)
class Received:
    """A submission received whole: the XML without its attachments (the skeleton), the attachments, and the digest that
    is the packet's identity."""

    skeleton: bytes
    parts: tuple[Part, ...]
    """In the order of their Attachment elements."""
    digest: str
    enveloped: str | None = None
    """Hex: what an old signature over the whole file was made over (`Cutter.enveloped`)."""


def received(skeleton: bytes, parts: Sequence[Part], enveloped: str | None = None) -> Received:
    """Put a submission together, however it was packaged: the same packet has the same digest."""
    digest = packet_digest(skeleton, [(part.sha256, part.size_bytes) for part in parts])
    return Received(skeleton, tuple(parts), digest, enveloped)
