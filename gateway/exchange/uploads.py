"""Large attachments ahead of their packet: begun, written on from where they stopped, and named in a submission.

What an upload says it has is durable: the bytes are flushed before the register counts them, so a broken line, a kill
or a power cut costs what came since, and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.edxml import Part
from gateway.edxml.findings import explained
from gateway.edxml.part import HEAD_BYTES
from gateway.exchange.line import Line
from gateway.model.agency import Peer
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.store.upload_files import UploadFile
from gateway.store.uploads import AdvanceUpload, BeginUpload, ForgetUpload, Upload, expired, known, upload

RECORD_BYTES = 32 * 1024 * 1024
"""After so many bytes they are flushed and counted: what a broken line costs at most."""
LEFTOVER_AGE = timedelta(hours=1)
SWEPT_TOGETHER = 200
SWEEP_S = 600.0

CHECKSUMS = ("sha256", "sha1")
"""Against accidents on the way, not against people: tus 1.0.0 demands SHA-1."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UploadRules:
    """How uploads are kept. Configuration keys carry these names."""

    per_peer_max: int = 16
    """Uploads one peer may have at a time."""
    expire_h: float = 24.0
    """An upload that is not named in a submission within this time is removed."""


async def begin(line: Line, rules: UploadRules, peer: Peer, size_bytes: int, metadata: str) -> Upload:
    """Expect an upload of so many bytes."""
    line.check_ready()
    limit = line.limits.attachment_bytes_max
    if size_bytes > limit:
        raise Refused(explained(Reason.ATTACHMENT_TOO_LARGE, "limit", limit=limit))
    if not await asyncio.to_thread(line.has_room, size_bytes):
        raise Unavailable(Reason.DISK_FULL, retry_after_s=60, cause=f"no room for an upload of {size_bytes} bytes")
    at = line.clock()
    new = Upload(line.new_id(at), peer.key, size_bytes, 0, at + timedelta(hours=rules.expire_h), None, metadata)
    await asyncio.to_thread(line.blobs.uploads.create, new.id)
    if not await line.store.write(BeginUpload(new, at, rules.per_peer_max)):
        await asyncio.to_thread(line.blobs.uploads.remove, new.id)
        raise Refused(found(Reason.UPLOAD_TOO_MANY, limit=rules.per_peer_max))
    if size_bytes == 0:
        async with writing(line, peer, new.id, 0):
            pass
    return new


async def standing(line: Line, peer: Peer, upload_id: str) -> Upload:
    """How far an upload has come. NOT_FOUND where it is not this peer's: another's is never hinted at."""
    seen = await line.store.read(upload, upload_id)
    if seen is None or seen.peer != peer.key:
        raise Refused(found(Reason.NOT_FOUND))
    if seen.expires_at <= line.clock():
        raise Refused(found(Reason.UPLOAD_EXPIRED))
    return seen


class Checksum:
    """What a request says of its bytes, to be compared once all of them came."""

    def __init__(self, algorithm: str, digest: bytes) -> None:
        """ValueError for another algorithm than those of `CHECKSUMS`, or what is no digest of it."""
        if algorithm not in CHECKSUMS:
            raise ValueError(algorithm)
        self.algorithm, self._said = algorithm, digest
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        if len(digest) != self._hash.digest_size:
            raise ValueError(digest)

    def feed(self, data: bytes) -> None:
        self._hash.update(data)

    @property
    def holds(self) -> bool:
        """Whether what came so far is what was said."""
        return self._hash.digest() == self._said


@dataclass(slots=True)
class Writing:
    """An upload being written. Fed in order; `record` counts what is durable."""

    line: Line
    upload: Upload
    file: UploadFile
    checksum: Checksum | None = None
    recorded_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.recorded_bytes = self.upload.offset_bytes

    def feed(self, data: bytes) -> None:
        """Write more bytes."""
        self.file.feed(data)
        if self.checksum is not None:
            self.checksum.feed(data)

    @property
    def due(self) -> bool:
        """Whether it is time to record. What has a checksum is counted as a whole or not at all."""
        return self.checksum is None and self.file.offset_bytes - self.recorded_bytes >= RECORD_BYTES

    async def record(self) -> None:
        """Flush, and count what is durable; with the last byte, the digest."""
        durable = await asyncio.to_thread(self.file.settle)
        whole = durable == self.upload.size_bytes
        digest = await asyncio.to_thread(self.file.digest) if whole else None
        await self.line.store.write(AdvanceUpload(self.upload.id, durable, digest))
        self.recorded_bytes = durable


@asynccontextmanager
async def writing(
    line: Line, peer: Peer, upload_id: str, offset_bytes: int, checksum: Checksum | None = None
) -> AsyncIterator[Writing]:
    """Write an upload on from an offset, which must be where it stands. What came is recorded however this ends; unless
    a checksum was announced: then all of it is, where that holds, and else nothing (UPLOAD_CHECKSUM)."""
    line.check_ready()
    await standing(line, peer, upload_id)
    with line.blobs.uploads.opened(upload_id) as file:
        if file is None:
            raise Refused(found(Reason.UPLOAD_BUSY))
        now = await standing(line, peer, upload_id)  # under the lock: whoever held it before may have written
        if now.offset_bytes != offset_bytes:
            raise Refused(found(Reason.UPLOAD_OFFSET, offset=now.offset_bytes, written=offset_bytes))
        await asyncio.to_thread(file.go_to, offset_bytes)
        work = Writing(line, now, file, checksum)
        try:
            yield work
            if checksum is not None and not checksum.holds:
                raise Refused(found(Reason.UPLOAD_CHECKSUM, algorithm=checksum.algorithm))
        finally:
            if checksum is not None and not checksum.holds:
                await asyncio.to_thread(file.go_to, offset_bytes)
            elif now.sha256 is None:
                await asyncio.shield(work.record())


async def give_up(line: Line, peer: Peer, upload_id: str) -> None:
    """Remove an upload. An attachment that was made of it stays."""
    seen = await standing(line, peer, upload_id)
    await _forget(line, seen.id)


async def redeem(line: Line, peer: Peer, upload_id: str, content_id: str | None) -> Part:
    """An upload as an attachment of a packet. The upload stays until it expires, so the submission may be repeated."""
    seen = await standing(line, peer, upload_id)
    if seen.sha256 is None:
        raise Refused(found(Reason.UPLOAD_INCOMPLETE, offset=seen.offset_bytes, size=seen.size_bytes))
    file = line.blobs.uploads.path(seen.id)
    sink = await asyncio.to_thread(line.blobs.adopt, file)
    head = await asyncio.to_thread(line.blobs.uploads.head, seen.id, HEAD_BYTES)
    return Part(content_id, seen.sha256, seen.size_bytes, head, sink)


async def run(line: Line) -> None:
    """Sweep until cancelled. Every process does: the files may lie on its machine alone."""
    while True:
        try:
            await sweep(line)
        except Unavailable as cannot:
            LOG.warning("sweeping of uploads is put off: %s", cannot)
        await asyncio.sleep(SWEEP_S)


async def sweep(line: Line) -> int:
    """Remove what has expired, and files of which nothing is on record. How many."""
    swept = 0
    while old := await line.store.read(expired, line.clock(), SWEPT_TOGETHER):
        for upload_id in old:
            await _forget(line, upload_id)
        swept += len(old)
    files = await asyncio.to_thread(line.blobs.uploads.written_before, line.clock() - LEFTOVER_AGE)
    for start in range(0, len(files), SWEPT_TOGETHER):
        some = files[start : start + SWEPT_TOGETHER]
        kept = await line.store.read(known, some)
        for upload_id in set(some) - kept:
            await asyncio.to_thread(line.blobs.uploads.remove, upload_id)
            swept += 1
    return swept


async def _forget(line: Line, upload_id: str) -> None:
    """The row first: a file without one is swept, a row without a file would be owed."""
    await line.store.write(ForgetUpload(upload_id))
    await asyncio.to_thread(line.blobs.uploads.remove, upload_id)
