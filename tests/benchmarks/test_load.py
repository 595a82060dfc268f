"""The generator behaves as a system of an agency does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from benchmarks.load import fire, get, pour

HOST = "127.0.0.1"
BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _served(answers: Iterator[bytes], rate: float | None) -> tuple[list[bytes], int, dict[int, int]]:
    """Five requests to a server that gives these answers one after another, and closes where it says so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                answer = next(answers)
                writer.write(answer)
                if answer == BUSY:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    async with await asyncio.start_server(serve, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        requests = [get(HOST, port, f"/{number}", {}) for number in range(5)]
        load = await (fire(HOST, port, requests, 1) if rate is None else pour(HOST, port, requests, rate, 1))
        return list(load.bodies), load.sent_away, dict(load.statuses)


def test_answers_come_in_the_order_of_their_requests() -> None:
    said = [b"one", b"two", b"three", b"four", b"five"]
    assert asyncio.run(_served(map(_ok, said), None)) == (said, 0, {200: 5})


def test_told_to_come_again_it_comes_again_on_a_new_connection() -> None:
    said = iter([_ok(b"1"), BUSY, BUSY, _ok(b"2"), _ok(b"3"), BUSY, _ok(b"4"), _ok(b"5")])
    assert asyncio.run(_served(said, None)) == ([b"1", b"2", b"3", b"4", b"5"], 3, {200: 5})


def test_at_a_rate_it_does_so_too() -> None:
    said = iter([BUSY, *map(_ok, (b"1", b"2", b"3", b"4", b"5"))])
    assert asyncio.run(_served(said, 500.0)) == ([b"1", b"2", b"3", b"4", b"5"], 1, {200: 5})


def test_chunks_are_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert asyncio.run(_served(iter([chunked] * 5), None)) == ([b"abcde"] * 5, 0, {200: 5})
