"""The load generator: prepared requests over kept-alive connections, each answer's status and latency counted.

It runs beside the server on the same cores, so it must cost little: requests are bytes made beforehand, answers are
read only as far as their status and body.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

CHUNKED = b"transfer-encoding: chunked"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """What happened: seconds per answer, answers by status, the whole run's seconds."""

    latencies_s: Sequence[float]
    statuses: Counter[int]
    seconds: float
    bodies: Sequence[bytes] = field(repr=False, default=())
    """Bodies of the answers in the order of the requests."""
    heads: Sequence[bytes] = field(repr=False, default=())

    @property
    def rate(self) -> float:
        """Answers with a 2xx status per second."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` (0 to 1) of the answers stayed under."""
        return percentile_ms(self.latencies_s, share)


def percentile_ms(latencies_s: Sequence[float], share: float) -> float:
    """Milliseconds that `share` (0 to 1) of these stayed under."""
    ordered = sorted(latencies_s)
    return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Connection:
    """One kept-alive connection: a request, then its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> Answer:
        """Send whole bytes of a request; the whole answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        return Answer(int(head[9:12]), head, await self._body(head))

    async def _body(self, head: bytes) -> bytes:
        lowered = head.lower()
        if CHUNKED in lowered:
            pieces = []
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                pieces.append((await self._reader.readexactly(size + 2))[:-2])
            await self._reader.readexactly(2)
            return b"".join(pieces)
        start = lowered.find(b"content-length:")
        if start < 0:
            return b""
        return await self._reader.readexactly(int(lowered[start + 15 : lowered.index(b"\r\n", start)]))


@asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[Connection]:
    """A connection until the block ends."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


def post(host: str, port: int, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole POST request as bytes."""
    return _head("POST", host, port, path, {**headers, "Content-Length": str(len(body))}) + body


def post_raw(host: str, port: int, path: str, head: bytes, body: bytes) -> bytes:
    """A whole POST request whose headers were written elsewhere, each line with its end."""
    first = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
    return first.encode() + head + b"\r\n" + body


def get(host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """A whole GET request as bytes."""
    return _head("GET", host, port, path, headers)


async def fire(host: str, port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send every request once, over so many connections at a time; each waits for its answer before the next."""
    waiting = iter(enumerate(requests))
    latencies: list[float] = []
    answers: dict[int, Answer] = {}
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_one_after_another(host, port, waiting, latencies, answers))
    return _load(latencies, answers, time.perf_counter() - began)


async def pour(
    host: str,
    port: int,
    requests: Sequence[bytes],
    rate: float,
    connections: int,
    told: Callable[[int], None] = lambda number: None,
) -> Load:
    """Send each request when its time has come, at random moments `rate` a second, whether or not answers came.

    A latency counts from the moment its request was due: a server that stalls is not spared what it held up. `told` is
    called with the number of a request as soon as its answer is there.
    """
    chance, due_s = random.Random(1), 0.0
    queue: asyncio.Queue[tuple[int, bytes, float] | None] = asyncio.Queue()
    latencies: list[float] = []
    answers: dict[int, Answer] = {}
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        lines = [await stack.enter_async_context(connected(host, port)) for _ in range(connections)]
        began = time.perf_counter()

        async def work(line: Connection) -> None:
            while (one := await queue.get()) is not None:
                number, request, due = one
                answers[number] = await line.ask(request)
                latencies.append(time.perf_counter() - began - due)
                told(number)

        for line in lines:
            group.create_task(work(line))
        for number, request in enumerate(requests):
            due_s += chance.expovariate(rate)
            await asyncio.sleep(due_s - (time.perf_counter() - began))
            queue.put_nowait((number, request, due_s))
        for _ in lines:
            queue.put_nowait(None)
    return _load(latencies, answers, time.perf_counter() - began)


async def _one_after_another(
    host: str,
    port: int,
    requests: Iterator[tuple[int, bytes]],
    latencies: list[float],
    answers: dict[int, Answer],
) -> None:
    async with connected(host, port) as line:
        for number, request in requests:
            began = time.perf_counter()
            answers[number] = await line.ask(request)
            latencies.append(time.perf_counter() - began)


def _load(latencies: Sequence[float], answers: Mapping[int, Answer], seconds: float) -> Load:
    statuses = Counter(one.status for one in answers.values())
    ordered = [answers[number] for number in sorted(answers)]
    return Load(latencies, statuses, seconds, [one.body for one in ordered], [one.head for one in ordered])


def _head(method: str, host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}:{port}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
