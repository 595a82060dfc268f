"""Attachment bytes: small ones go into the database with their dispatch, large ones to a place, named by their content.

New content goes to the first place; what is there is found in any of them, so content that was written before a place
was put in front of another stays where it is, and is read from there.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.file_place import FilePlace
from gateway.store.places import Place
from gateway.store.staging import Staging
from gateway.store.upload_files import UploadFiles

INLINE_BYTES_MAX = 64 * 1024
"""Attachments up to this size go into the database: one flush for all of them instead of three for each."""
BEING_DESTROYED_S = 5
"""Come back after: what is being destroyed is soon gone, and then it can be written anew."""


class StagedPart(Protocol):
    """What the reader of packets hands over: the sink it wrote to, and the digest of what it wrote."""

    @property
    def sink(self) -> object: ...
    @property
    def sha256(self) -> str: ...


class BlobReader:
    """An attachment of the register: call it for its bytes, whole or from `start` to (not including) `stop`, in pieces.

    Whole, it is compared with its digest: what a disk or a store changed is not handed out as the sender's. Unavailable
    then; the last piece is withheld, so that the reader sees it broken off. To be drawn in a thread.
    """

    def __init__(
        self,
        attachment: Attachment,
        data: bytes | None,
        find: Callable[[str], bytes | None],
        places: Sequence[Place],
    ) -> None:
        """`data`: where it is known already."""
        self._attachment = attachment
        self._data = data
        self._find = find
        self._places = places

    @property
    def at_hand(self) -> bool:
        """Whether its bytes are in memory: nobody needs a thread to draw them."""
        return self._data is not None

    def __call__(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        end = self._attachment.size_bytes if stop is None else stop
        data = self._find(self._attachment.sha256) if self._data is None else self._data
        pieces = iter((data[start:end],)) if data is not None else self._from_places(start, end)
        return self._checked(pieces) if end - start == self._attachment.size_bytes else pieces

    def _from_places(self, start: int, end: int) -> Iterator[bytes]:
        for place in self._places:
            pieces = place.pieces(self._attachment.sha256, start, end)
            try:
                first = next(pieces, b"")
            except FileNotFoundError:
                continue
            yield first
            yield from pieces
            return
        raise Unavailable(Reason.STORE_UNAVAILABLE, cause=f"attachment {self._attachment.sha256} is at no place")

    def _checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        digest, held = hashlib.sha256(), b""
        for piece in pieces:
            digest.update(piece)
            yield held
            held = piece
        if digest.hexdigest() != self._attachment.sha256:
            raise Unavailable(Reason.STORE_UNAVAILABLE, cause=f"attachment {self._attachment.sha256} is damaged")
        yield held


class Blobs:
    """Where attachments are staged, kept and found. One object for each process that writes there."""

    def __init__(
        self,
        folder: Path,
        places: Callable[[FilePlace], Sequence[Place]],
        inline_bytes_max: int,
        find: Callable[[str], bytes | None],
        claim: Callable[[tuple[str, ...], datetime], Awaitable[tuple[str, ...]]],
        fail: Callable[[str], None],
        *,
        embedded: bool,
    ) -> None:
        """`find` reads a small attachment from the database (None: it is at a place). `claim` says that a packet will
        speak of content, and gives what of it is being destroyed. `fail` hears of a failed flush. `embedded`: the
        database is in this process, so that `find` takes no time."""
        self.files = FilePlace(folder, fail)
        self.places = tuple(places(self.files))
        """The first takes what is new."""
        self.uploads = UploadFiles(folder / "uploads", fail)
        """What arrives ahead of its packet."""
        self._find = find
        self._embedded = embedded
        self._claim = claim
        self._incoming = folder / "incoming"
        self._inline_bytes_max = inline_bytes_max
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: int | None = os.open(self._incoming, os.O_RDONLY | os.O_DIRECTORY)
        """Held shared while this process may write into the folder."""
        self._sweep(self._lock)

    def stage(self) -> Staging:
        """A place for the bytes of one attachment that is about to arrive."""
        return Staging(self._incoming, self._inline_bytes_max)

    def adopt(self, file: Path) -> Staging:
        """What lies in a file already, as if it had just arrived. The file stays; its bytes are not copied."""
        staging = self.stage()
        staging.adopt(file)
        return staging

    async def keep(self, parts: Sequence[StagedPart], at: datetime) -> tuple[bytes | None, ...]:
        """Make parts durable: for each its bytes, to be admitted with the dispatch, or None where they are at a place
        now. Unavailable where a place does not take them."""
        large = [part for part in parts if _staging(part).path is not None]
        if large:
            if doomed := await self._claim(tuple(part.sha256 for part in large), at):
                raise Unavailable(Reason.STORE_UNAVAILABLE, BEING_DESTROYED_S, f"being destroyed: {', '.join(doomed)}")
            for part in large:
                await self.places[0].put(part.sha256, _staging(part))
        return tuple(None if part in large else _staging(part).data for part in parts)

    def release(self, parts: Iterable[StagedPart]) -> None:
        """Give up what was staged and not kept. What was kept stays."""
        self.drop(part.sink for part in parts)

    def drop(self, sinks: Iterable[object]) -> None:
        """Give up attachments that did not arrive whole."""
        for sink in sinks:
            _as_staging(sink).drop()

    def reader(self, attachment: Attachment) -> BlobReader:
        """Opens an attachment of the register; a small one is at hand where the database is in this process."""
        small = attachment.size_bytes <= self._inline_bytes_max
        data = self._find(attachment.sha256) if small and self._embedded else None
        return BlobReader(attachment, data, self._find, self.places)

    def large(self, attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
        """Those that are at a place; small ones lie in the database."""
        return tuple(one for one in attachments if one.size_bytes > self._inline_bytes_max)

    async def lost(self, large: Iterable[Attachment]) -> tuple[str, ...]:
        """Digests of those that are nowhere, or not whole: known before a byte is sent.

        What was changed without changing its size shows when it is read.
        """
        gone = [one.sha256 for one in large if await self.size(one.sha256) != one.size_bytes]
        return tuple([sha256 for sha256 in gone if await asyncio.to_thread(self._find, sha256) is None])

    async def size(self, sha256: str) -> int | None:
        """Bytes at the first place that has content of this digest; None where none has."""
        for place in self.places:
            if (size_bytes := await place.size(sha256)) is not None:
                return size_bytes
        return None

    async def destroy(self, sha256: str) -> None:
        """Remove content from every place. It must have been condemned: somebody may be about to speak of it."""
        for place in self.places:
            await place.destroy(sha256)

    def close(self) -> None:
        """Let others sweep. Safe to call twice."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            os.close(lock)

    def _sweep(self, lock: int) -> None:
        """Remove what a process that died left behind, unless another process is writing there now."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
            return
        for leftover in self._incoming.iterdir():
            leftover.unlink()
        fcntl.flock(lock, fcntl.LOCK_SH)


def _staging(part: StagedPart) -> Staging:
    return _as_staging(part.sink)


def _as_staging(sink: object) -> Staging:
    assert isinstance(sink, Staging), "attachments are staged by Blobs.stage"
    return sink
