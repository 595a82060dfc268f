"""Pushes: how long after the receipt is with its sender the first byte of the delivery is with its addressee."""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.gate import receipted, stored, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import percentile_ms, pour
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.packets import prepared, sealed_packets
from benchmarks.parties import Shelf, submissions

RATE = 25.0
CONNECTIONS = 16
START_MS = 50.0
_DISPATCH = re.compile(rb"truc-dispatch: ([0-9A-Z]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"stored":true}'


@dataclass
class Hub:
    """An addressee's endpoint: notes when each push begins, stores it, says so."""

    shelf: Shelf = field(default_factory=Shelf)
    began_at_s: dict[str, float] = field(default_factory=dict)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                at_s = time.perf_counter()
                dispatch, length = _DISPATCH.search(head), _LENGTH.search(head)
                assert dispatch is not None and length is not None, head
                self.began_at_s.setdefault(dispatch[1].decode(), at_s)
                self.shelf.put(dispatch[1].decode(), await reader.readexactly(int(length[1])))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def measure(pushed: int) -> Outcome:
    """So many documents to an agency whose hub is pushed to."""
    return asyncio.run(_measure(pushed))


async def _measure(documents: int) -> Outcome:
    hub = Hub()
    server = await asyncio.start_server(hub.answer, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    opened = installed(hub_url=f"http://{HOST}:{port}/")
    gateway = await asyncio.to_thread(opened.__enter__)
    try:
        return await _pushed(gateway, hub, documents)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)
        server.close()


async def _pushed(gateway: Installed, hub: Hub, documents: int) -> Outcome:
    cast, at = gateway.stage.cast, datetime.now(UTC)
    to = ((cast.hub.agency, cast.hub.name),)
    packets = [prepared(one) for one in sealed_packets(cast.ministry, to, documents, at, random.Random(1))]
    receipts: dict[int, float] = {}

    def told_of(number: int) -> None:
        receipts[number] = time.perf_counter()

    requests = submissions(gateway, cast.ministry.peer, packets)
    load = await pour(HOST, gateway.port, requests, RATE, CONNECTIONS, told=told_of)
    told = receipted(load, packets)
    async with asyncio.timeout(60):
        while any(one.dispatch_id not in hub.shelf.places for one in told):
            await asyncio.sleep(0.01)
    await verify(gateway, cast.ministry.peer, told)
    stored(hub.shelf, told)
    starts = [max(0.0, hub.began_at_s[one.dispatch_id] - receipts[number]) for number, one in enumerate(told)]
    p50, p99 = percentile_ms(starts, 0.5), percentile_ms(starts, 0.99)
    receipt_p50, receipt_p99 = load.percentile_ms(0.5), load.percentile_ms(0.99)
    caption = f"{documents:,} sealed documents at random moments, {RATE:g} a second, to an endpoint on this machine."
    columns = ("", "p50 ms", "p99 ms", "slowest ms")
    rows = (
        ("from the receipt to the push's first byte", p50, p99, 1000 * max(starts)),
        ("the receipt itself", receipt_p50, receipt_p99, 1000 * max(load.latencies_s)),
    )
    beside = f"the receipt itself: p99 {receipt_p99:.0f} ms"
    return Outcome(
        (Table(caption, columns, rows),),
        (Goal("push starts after the receipt, p99", p99, START_MS, "ms", at_least=False, reference=beside),),
    )
