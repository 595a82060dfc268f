"""Bodies on their way in and out: bounded in size, in time, and in the memory one transfer takes.

Small bodies are worked on in the event loop; large ones go batch by batch through a few threads, which cut, decode and
hash with the interpreter lock mostly released.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, contextmanager
from functools import partial
from typing import Protocol, TypeVar

from aiohttp import hdrs, web

from gateway.http.limits import HttpLimits
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found

Result = TypeVar("Result")

LARGE_RETRY_AFTER_S = 2


class Vessel(Protocol):
    """Where a body is poured: fed in pieces by one thread at a time. May raise Refused at any piece."""

    def feed(self, data: bytes) -> None: ...


class Transfers:
    """The threads and limits of transfers."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._large = Counter[str]()
        """Large bodies under way, by who sends them."""
        self._threads = ThreadPoolExecutor(limits.transfer_threads, thread_name_prefix="transfer")
        self._drawing = ThreadPoolExecutor(limits.transfer_threads, thread_name_prefix="draw")
        """Waits for disks and object stores: who sends is not held up by what is slow to read."""

    def close(self) -> None:
        """Let the transfers under way end, and take no more."""
        self._threads.shutdown(wait=True)
        self._drawing.shutdown(wait=True)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Run `work` in a thread. Cancelled, it still waits for the thread: nobody may clean up under its hands."""
        return await self._in(self._threads, work)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        running = asyncio.get_running_loop().run_in_executor(pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait({running})
            raise

    async def pour(self, request: web.Request, sender: str, vessel: Vessel, bytes_max: int) -> int:
        """Feed the whole body into `vessel`; its size in bytes.

        Raises Refused: BODY_TOO_LARGE, BODY_TOO_SLOW, BODY_TRUNCATED, or what the vessel finds; Unavailable as
        `batches` does.
        """
        total = 0
        async with aclosing(self.batches(request, sender, bytes_max)) as batches:
            async for batch in batches:
                total += len(batch)
                await self.sized(total, partial(vessel.feed, batch))
        return total

    async def batches(self, request: web.Request, sender: str, bytes_max: int) -> AsyncGenerator[bytes]:
        """The body in large pieces; where it breaks off, what came of it before the refusal is raised.

        A large body takes one of the places for large ones; Unavailable where there is none.
        """
        batch, total = bytearray(), 0
        with ExitStack() as place:
            if (request.content_length or 0) > self._limits.inline_bytes_max:
                place.enter_context(self._large_place(sender))
            try:
                async for chunk in self._chunks(request, bytes_max):
                    if total <= self._limits.inline_bytes_max < total + len(chunk) and request.content_length is None:
                        place.enter_context(self._large_place(sender))
                    total += len(chunk)
                    batch += chunk
                    if len(batch) >= self._limits.batch_bytes:
                        full, batch = bytes(batch), bytearray()
                        yield full
            except Refused:
                if batch:
                    yield bytes(batch)
                raise
            if batch:
                yield bytes(batch)

    @contextmanager
    def _large_place(self, sender: str) -> Iterator[None]:
        """One of the places for large bodies, of which there are fewer than for all: ten giants leave room for a
        thousand small ones, and one system's giants for another's."""
        large, limits = self._large, self._limits
        if large.total() >= limits.large_max or large[sender] >= limits.large_per_peer_max:
            raise Unavailable(Reason.OVERLOADED, retry_after_s=LARGE_RETRY_AFTER_S)
        large[sender] += 1
        try:
            yield
        finally:
            large[sender] -= 1
            large += Counter()  # forgets whoever has none

    async def sized(self, size_bytes: int, work: Callable[[], Result]) -> Result:
        """Run `work` on `size_bytes` of data: here where that is little, in a thread where it is much."""
        return work() if size_bytes <= self._limits.inline_bytes_max else await self.in_thread(work)

    async def read_small(self, request: web.Request, bytes_max: int) -> bytes:
        """A body that is small by nature, in memory. Raises as `pour` does."""
        return b"".join([chunk async for chunk in self._chunks(request, bytes_max)])

    async def _chunks(self, request: web.Request, bytes_max: int) -> AsyncIterator[bytes]:
        if (request.content_length or 0) > bytes_max:
            raise Refused(found(Reason.BODY_TOO_LARGE, fault="limit", limit=bytes_max))
        await _continue(request)
        limits, loop = self._limits, asyncio.get_running_loop()
        started_s, total = loop.time(), 0
        while not request.content.at_eof():
            patience_s = started_s + limits.body_grace_s + total / limits.body_bytes_per_s_min
            chunk = await _patiently(request.content.readany, min(loop.time() + limits.body_idle_s, patience_s))
            total += len(chunk)
            if total > bytes_max:
                raise Refused(found(Reason.BODY_TOO_LARGE, fault="limit", limit=bytes_max))
            yield chunk

    async def send(
        self, request: web.Request, response: web.StreamResponse, pieces: Iterator[bytes], *, at_hand: bool = False
    ) -> web.StreamResponse:
        """Answer with `response` and what `pieces` yields, batch by batch, drawn in a thread: they read disks.
        `at_hand`: all of it is in memory. What raises before the first batch is there can still be answered."""
        draw, last = partial(next_batch, pieces, self._limits.batch_bytes), False
        while not last:
            batch = draw() if at_hand else await self._in(self._drawing, draw)
            last = len(batch) < self._limits.batch_bytes  # nobody goes to a thread to hear that it was
            await response.prepare(request)  # once, whatever the number of batches
            try:
                async with asyncio.timeout(self._limits.write_timeout_s):
                    await response.write(batch)
            except TimeoutError:
                raise ConnectionResetError("the reader stopped reading") from None
        await response.write_eof()
        return response


def next_batch(pieces: Iterator[bytes], bytes_max: int) -> bytes:
    """The next pieces, joined until there are `bytes_max` or more; empty at the end."""
    gathered, size = [], 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= bytes_max:
            break
    return b"".join(gathered)


async def _patiently(read: Callable[[], Awaitable[bytes]], until_s: float) -> bytes:
    """What `read` gives before `until_s` (loop time), aiohttp's complaints about the body translated."""
    try:
        async with asyncio.timeout_at(until_s):
            return await read()
    except TimeoutError:
        raise Refused(found(Reason.BODY_TOO_SLOW)) from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Refused(found(Reason.BODY_TRUNCATED)) from error


async def _continue(request: web.Request) -> None:
    """Ask for the body only now: whoever is refused before this point never sends it."""
    if hdrs.EXPECT in request.headers:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # an interim answer is not the beginning of the answer
