"""Attachment bytes: small ones go into the database with their dispatch, large ones are files named by their content.

A file is written beside its place, flushed, renamed, and its folder flushed; only then may a dispatch speak of it. A
file that is there already holds the same bytes, since its name is their SHA-256: that is success. A thief of the folder
reads documents; a vandal's change is found, because every reader knows the digest.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.durable import disk_faults, flush_folder

INLINE_BYTES_MAX = 64 * 1024
"""Attachments up to this size go into the database: one flush for all of them instead of three for each."""
PIECE_BYTES = 256 * 1024
"""Read at once from a large attachment."""


class StagedPart(Protocol):
    """What the reader of packets hands over: the sink it wrote to, and the digest of what it wrote."""

    @property
    def sink(self) -> object: ...
    @property
    def sha256(self) -> str: ...


class Staging:
    """Where the bytes of one attachment go while they arrive: memory while small, then a file. Not yet durable."""

    def __init__(self, folder: Path, inline_bytes_max: int) -> None:
        self._folder = folder
        self._inline_bytes_max = inline_bytes_max
        self._memory = bytearray()
        self._file: int | None = None
        self.path: Path | None = None
        """The temporary file, once there is one."""

    @property
    def data(self) -> bytes:
        """The bytes, while they are held in memory."""
        return bytes(self._memory)

    def write(self, data: bytes) -> None:
        """Take more bytes. Unavailable where the disk is full or fails."""
        if self._file is None and len(self._memory) + len(data) <= self._inline_bytes_max:
            self._memory += data
            return
        with disk_faults():
            if self._file is None:
                self._file, name = tempfile.mkstemp(dir=self._folder)
                self.path = Path(name)
                data, self._memory = bytes(self._memory) + data, bytearray()
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]

    def close(self) -> None:
        """No more bytes come."""

    def flush(self) -> None:
        """Make the file's bytes durable and close it. OSError where the disk did not take them."""
        if self._file is not None:
            try:
                os.fsync(self._file)
            finally:
                self._shut()

    def drop(self) -> None:
        """Give the bytes up, where they were not kept."""
        self._shut()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def _shut(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)


class BlobReader:
    """An attachment of the register: call it for its bytes, whole or from `start` to (not including) `stop`, in pieces.

    Whole, it is compared with its digest: what the disk changed is not handed out as the sender's. Unavailable then;
    the last piece is withheld, so that the reader sees it broken off.
    """

    def __init__(self, attachment: Attachment, find: Callable[[str], bytes | None], path: Path) -> None:
        self._attachment = attachment
        self._find = find
        self._path = path

    def __call__(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        end = self._attachment.size_bytes if stop is None else stop
        data = self._find(self._attachment.sha256)
        pieces = iter((data[start:end],)) if data is not None else self._file_pieces(start, end)
        return self._checked(pieces) if end - start == self._attachment.size_bytes else pieces

    def _file_pieces(self, start: int, end: int) -> Iterator[bytes]:
        with disk_faults(), self._path.open("rb") as file:
            file.seek(start)
            while start < end and (piece := file.read(min(PIECE_BYTES, end - start))):
                start += len(piece)
                yield piece

    def _checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        digest, held = hashlib.sha256(), b""
        for piece in pieces:
            digest.update(piece)
            yield held
            held = piece
        if digest.hexdigest() != self._attachment.sha256:
            raise Unavailable(
                Reason.STORE_UNAVAILABLE, cause=f"attachment {self._attachment.sha256} is damaged on disk"
            )
        yield held


class Blobs:
    """The folder of large attachments. One object for each process that writes there."""

    def __init__(
        self, folder: Path, inline_bytes_max: int, find: Callable[[str], bytes | None], fail: Callable[[str], None]
    ) -> None:
        """`find` reads a small attachment from the database (None: it is a file). `fail` hears of a failed flush."""
        self._folder = folder
        self._find = find
        self._incoming = folder / "incoming"
        self._inline_bytes_max = inline_bytes_max
        self._fail = fail
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: int | None = os.open(self._incoming, os.O_RDONLY | os.O_DIRECTORY)
        """Held shared while this process may write into the folder."""
        self._sweep(self._lock)

    def stage(self) -> Staging:
        """A place for the bytes of one attachment that is about to arrive."""
        return Staging(self._incoming, self._inline_bytes_max)

    async def keep(self, parts: Sequence[StagedPart]) -> tuple[bytes | None, ...]:
        """Make parts durable: for each its bytes, to be admitted with the dispatch, or None where it is a file now."""
        if any(_staging(part).path for part in parts):
            return await asyncio.to_thread(self._keep, parts)
        return tuple(_staging(part).data for part in parts)

    def release(self, parts: Iterable[StagedPart]) -> None:
        """Give up what was staged and not kept. What was kept stays."""
        self.drop(part.sink for part in parts)

    def drop(self, sinks: Iterable[object]) -> None:
        """Give up attachments that did not arrive whole."""
        for sink in sinks:
            _as_staging(sink).drop()

    def reader(self, attachment: Attachment) -> BlobReader:
        """Opens an attachment of the register."""
        return BlobReader(attachment, self._find, self.path(attachment.sha256))

    def path(self, sha256: str) -> Path:
        """Where a large attachment is."""
        return self._folder / sha256[:2] / sha256

    def large(self, attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
        """Those that are files; small ones lie in the database."""
        return tuple(one for one in attachments if one.size_bytes > self._inline_bytes_max)

    def lost(self, large: Iterable[Attachment]) -> tuple[str, ...]:
        """Digests of those whose file is not there, or not whole: known before a byte is sent.

        What the disk changed without changing its size shows when it is read.
        """
        gone = [one.sha256 for one in large if not self._is_whole(one)]
        return tuple(sha256 for sha256 in gone if self._find(sha256) is None)

    def _is_whole(self, one: Attachment) -> bool:
        try:
            return self.path(one.sha256).stat().st_size == one.size_bytes
        except OSError:
            return False

    def destroy(self, sha256s: Iterable[str], written_before: datetime) -> tuple[str, ...]:
        """Remove files that nothing in the register speaks of any more. Gives the digests of those that are gone.

        One that was written since is left: a packet that is being admitted may be about to speak of it. It is moved
        aside before it is looked at, so that what comes meanwhile under its name is never touched.
        """
        gone = []
        for sha256 in sha256s:
            place, aside = self.path(sha256), self._incoming / f"destroyed-{sha256}"
            with suppress(FileNotFoundError):
                if place.stat().st_mtime >= written_before.timestamp():
                    continue
                place.rename(aside)
                if aside.stat().st_mtime < written_before.timestamp():
                    aside.unlink()
                    gone.append(sha256)
                elif place.exists():
                    aside.unlink()
                else:
                    aside.rename(place)
                flush_folder(place.parent)
        return tuple(gone)

    def close(self) -> None:
        """Let others sweep. Safe to call twice."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            os.close(lock)

    def _keep(self, parts: Sequence[StagedPart]) -> tuple[bytes | None, ...]:
        kept: list[bytes | None] = []
        for part in parts:
            staging = _staging(part)
            if staging.path is None:
                kept.append(staging.data)
            else:
                with disk_faults(self._fail):
                    self._place(staging, self.path(part.sha256))
                kept.append(None)
        return tuple(kept)

    def _place(self, staging: Staging, place: Path) -> None:
        """The staged file, durable and under its name. Safe to repeat and to race with itself."""
        assert staging.path is not None
        staging.flush()
        with suppress(FileExistsError):
            place.parent.mkdir(mode=0o700)
        # Flushed even where the folder was there: whoever made it may not have come that far.
        flush_folder(self._folder)
        staging.path.rename(place)
        staging.path = None
        flush_folder(place.parent)

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
