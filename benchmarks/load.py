"""The load generator: prepared requests over kept-alive connections, each answer's status and latency counted.

It runs beside the server on the same cores, so it must cost little: requests are bytes made beforehand, answers are
read only as far as their status and length.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Load:
    """What happened: seconds per answer in the order they came, answers by status, the whole run's seconds."""

    latencies_s: Sequence[float]
    statuses: Counter[int]
    seconds: float
    bodies: Sequence[bytes] = field(repr=False, default=())
    """Bodies of the answers, where they were asked for."""

    @property
    def rate(self) -> float:
        """Answers with a 2xx status per second."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` (0 to 1) of the answers stayed under."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def post(host: str, port: int, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A whole POST request as bytes."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def fire(host: str, port: int, requests: Sequence[bytes], connections: int, keep_bodies: bool = False) -> Load:
    """Send every request once, over so many connections at a time; each waits for its answer before the next."""
    waiting = iter(requests)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    bodies: list[bytes] = []
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_connection(host, port, waiting, latencies, statuses, bodies if keep_bodies else None))
    return Load(latencies, statuses, time.perf_counter() - began, bodies)


async def _connection(
    host: str,
    port: int,
    requests: Iterator[bytes],
    latencies: list[float],
    statuses: Counter[int],
    bodies: list[bytes] | None,
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for request in requests:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            latencies.append(time.perf_counter() - began)
            statuses[int(head[9:12])] += 1
            if bodies is not None:
                bodies.append(body)
    finally:
        writer.close()
        await writer.wait_closed()


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start : lowered.index(b"\r\n", start)])
