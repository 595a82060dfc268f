"""Packets on their way out: a `.edxml` file is cut here, so its attachments travel as bytes and not as base64.

The packet's identity does not depend on the packaging, so a submission may be repeated either way. Where we
cannot read the file, it is sent as it is: what is wrong with it is for the gateway to say.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from gateway.edxml import Cutter, Limits, Received, parse, read, received
from gateway.model.refusal import Refused

PIECE_BYTES = 256 * 1024
INLINE_BYTES_MAX = 64 * 1024
"""Files up to this size are sent as they are: cutting them saves nothing."""
SPOOL_BYTES_MAX = 1024 * 1024
"""Attachments up to this size wait in memory, larger ones in a temporary file."""

INLINE = "application/edxml+xml"

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, after each piece; from the first again where a transfer is repeated."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A packet whose attachments are at hand: (content id, file or bytes), in the order of the envelope."""

    skeleton: bytes
    attachments: Sequence[tuple[str, Path | bytes]] = ()


Source = Path | bytes | Parts
"""What may be submitted: a `.edxml` file, its bytes, or an envelope with attachments beside it."""


class Readable(Protocol):
    """A body that can be read as often as it takes."""

    @property
    def size_bytes(self) -> int: ...
    def pieces(self, start: int = 0) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes at hand."""

    data: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        yield self.data[start:]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file."""

    path: Path

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(start)
            yield from _read(file)


class Spool:
    """An attachment cut out of a file: in memory while small, then in a temporary file without a name."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES_MAX)  # noqa: SIM115  (closed by Outgoing)
        self.size_bytes = 0

    def write(self, data: bytes, /) -> None:
        self.file.write(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        """All bytes have come; they stay readable."""

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        self.file.seek(start)
        yield from _read(self.file)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


class Outgoing:
    """A packet ready to be sent, as often as it takes. A context manager: it may hold temporary files."""

    def __init__(
        self,
        packet: Readable,
        held: ExitStack,
        attachments: Sequence[tuple[str, Readable]] | None = None,
    ) -> None:
        """`attachments`: beside the packet, which has them inline where this is None."""
        self._packet = packet
        self._held = held
        self.attachments = attachments

    def __enter__(self) -> Outgoing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the temporary files go."""
        self._held.close()

    def body(self, ahead: Mapping[str, str]) -> Body:
        """The request's body; `ahead`: addresses of attachments that were uploaded, by their content ids."""
        if self.attachments is None:
            return Body(INLINE, (self._packet,))
        return _form(self._packet, self.attachments, ahead)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body that can be sent as often as it takes."""

    content_type: str
    parts: Sequence[Readable]

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.parts)

    async def pieces(self, progress: Progress | None) -> AsyncIterator[bytes]:
        """The bytes; one local read of at most PIECE_BYTES between two waits for the network."""
        done = 0
        for part in self.parts:
            for piece in part.pieces():
                yield piece
                done += len(piece)
                if progress is not None:
                    progress(done, self.size_bytes)


async def prepared(source: Source, limits: Limits) -> Outgoing:
    """`outgoing`, made in a thread. A thread cannot be cancelled: where nobody waits any more, it closes what it
    made."""
    taking, made, left = threading.Lock(), list[Outgoing](), threading.Event()

    def make() -> None:
        parcel = outgoing(source, limits)
        with taking:
            made.append(parcel)
            if left.is_set():
                parcel.close()

    try:
        await asyncio.to_thread(make)
    except asyncio.CancelledError:
        with taking:
            left.set()
            for parcel in made:
                parcel.close()
        raise
    return made[0]


def outgoing(source: Source, limits: Limits) -> Outgoing:
    """What to send for `source`. OSError where a file cannot be read."""
    if isinstance(source, Parts):
        rows = [(name, OnDisk(one) if isinstance(one, Path) else InMemory(one)) for name, one in source.attachments]
        return Outgoing(InMemory(source.skeleton), ExitStack(), rows)
    whole: Readable = OnDisk(source) if isinstance(source, Path) else InMemory(source)
    if whole.size_bytes > INLINE_BYTES_MAX:
        with ExitStack() as opened:
            cut = _cut(whole, limits, opened)
            if cut is not None:
                skeleton, parts = cut
                return Outgoing(InMemory(skeleton), opened.pop_all(), parts)
    return Outgoing(whole, ExitStack())


def _cut(whole: Readable, limits: Limits, opened: ExitStack) -> tuple[bytes, list[tuple[str, Readable]]] | None:
    """Envelope and attachments of a file, where it can be read and has any. What it opens is closed with `opened`."""
    spools: list[Spool] = []

    def open_sink() -> Spool:
        spools.append(Spool())
        opened.callback(spools[-1].file.close)
        return spools[-1]

    cutter = Cutter(limits, open_sink)
    try:
        for piece in whole.pieces():
            cutter.feed(piece)
        cut: Received = received(*cutter.finish())
        claim = read(parse(cut.skeleton, limits), cut)
    except Refused:
        return None
    rows: list[tuple[str, Readable]] = [
        (one.content_id, spool) for one, spool in zip(claim.attachments, spools, strict=True)
    ]
    return (cut.skeleton, rows) if rows else None


def _form(packet: Readable, attachments: Sequence[tuple[str, Readable]], ahead: Mapping[str, str]) -> Body:
    boundary = secrets.token_hex(24)
    parts: list[Readable] = [InMemory(_head(boundary, "packet", INLINE)), packet, InMemory(b"\r\n")]
    for name, body in attachments:
        address = ahead.get(name)
        head = _head(boundary, name, "application/octet-stream", address)
        parts += [InMemory(head), InMemory(b"") if address else body, InMemory(b"\r\n")]
    parts.append(InMemory(f"--{boundary}--\r\n".encode()))
    return Body(f"multipart/form-data; boundary={boundary}", parts)


def _head(boundary: str, name: str, content_type: str, location: str | None = None) -> bytes:
    written = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{written}"', f"Content-Type: {content_type}"]
    lines += [f"Content-Location: {location}"] if location else []
    return "\r\n".join([*lines, "", ""]).encode()
