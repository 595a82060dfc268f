"""The load generator: prepared requests over kept-alive connections, each answer's status and latency counted.

It runs beside the server on the same cores, so it must cost little: requests are bytes made beforehand, answers are
read only as far as their status and body.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

SENT_AWAY_MAX = 1_000
"""Of one connection; beyond it the other side is not busy but broken."""
CHUNKED, CLOSING = b"transfer-encoding: chunked", b"connection: close"
_RETRY_AFTER = re.compile(rb"retry-after: ([0-9]+)", re.IGNORECASE)


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
    sent_away: int = 0
    """How often a request was told to come again; it came, and counts once, with all its waiting."""

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
    """One kept-alive connection: a request, then its answer. Opened anew where the other side closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.sent_away = 0
        """How often it was told to come again, or heard nothing."""

    async def open(self) -> None:
        """Before the clock starts."""
        self._streams = await asyncio.open_connection(self._host, self._port, limit=1 << 20)

    async def close(self) -> None:
        """Let go."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def ask(self, request: bytes) -> Answer:
        """Send whole bytes of a request; the whole answer.

        As a system of an agency does: told to come again, it does, when it was told to; a connection that broke says
        nothing, so it sends the same again.
        """
        while True:
            try:
                answer = await self._once(request)
            except (ConnectionError, asyncio.IncompleteReadError):
                if self.sent_away >= SENT_AWAY_MAX:
                    raise
                await self.close()
                wait_s = 1
            else:
                again = _RETRY_AFTER.search(answer.head) if answer.status == 503 else None
                if again is None:
                    return answer
                wait_s = int(again[1])
            self.sent_away += 1
            await asyncio.sleep(wait_s)

    async def _once(self, request: bytes) -> Answer:
        if self._streams is None:
            await self.open()
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        answer = Answer(int(head[9:12]), head, await self._body(reader, head.lower()))
        if CLOSING in head.lower():
            await self.close()
        return answer

    async def _body(self, reader: asyncio.StreamReader, head: bytes) -> bytes:
        if CHUNKED in head:
            pieces = []
            while size := int(await reader.readuntil(b"\r\n"), 16):
                pieces.append((await reader.readexactly(size + 2))[:-2])
            await reader.readexactly(2)
            return b"".join(pieces)
        start = head.find(b"content-length:")
        if start < 0:
            return b""
        return await reader.readexactly(int(head[start + 15 : head.index(b"\r\n", start)]))


@asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[Connection]:
    """A connection until the block ends."""
    line = Connection(host, port)
    await line.open()
    try:
        yield line
    finally:
        await line.close()


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
    lines = [Connection(host, port) for _ in range(connections)]
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for line in lines:
            group.create_task(_one_after_another(line, waiting, latencies, answers))
    return _load(latencies, answers, time.perf_counter() - began, lines)


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
    return _load(latencies, answers, time.perf_counter() - began, lines)


async def _one_after_another(
    line: Connection,
    requests: Iterator[tuple[int, bytes]],
    latencies: list[float],
    answers: dict[int, Answer],
) -> None:
    for number, request in requests:
        began = time.perf_counter()
        answers[number] = await line.ask(request)
        latencies.append(time.perf_counter() - began)
    await line.close()


def _load(
    latencies: Sequence[float], answers: Mapping[int, Answer], seconds: float, lines: Sequence[Connection]
) -> Load:
    statuses = Counter(one.status for one in answers.values())
    ordered = [answers[number] for number in sorted(answers)]
    bodies, heads = [one.body for one in ordered], [one.head for one in ordered]
    return Load(latencies, statuses, seconds, bodies, heads, sum(one.sent_away for one in lines))


def _head(method: str, host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}:{port}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
