"""Status packets: sealed reports of what was done with documents, through the same door as documents."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

from benchmarks.door import CONNECTIONS
from benchmarks.gate import pass_gate, receipted
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import Load, fire
from benchmarks.outcome import Outcome, Table
from benchmarks.packets import Prepared, prepared, sealed_packets
from benchmarks.parties import submissions
from gateway.demo.papers import seal, status
from gateway.model.packet import StatusCode


def measure(reports: int) -> Outcome:
    """So many documents, then one report on each."""
    with installed() as gateway:
        cast, at, chance = gateway.stage.cast, datetime.now(UTC), random.Random(1)
        silent = cast.silent
        papers = sealed_packets(cast.ministry, ((silent.agency, silent.name),), reports, at, chance)
        first, first_ms = asyncio.run(
            _sent(gateway, cast.ministry.peer, silent.peer, [prepared(one) for one in papers])
        )
        told = [
            prepared(seal(status(silent, one.document, StatusCode.FINISHED, at, "Đã hoàn thành"), (), silent, at))
            for one in papers
        ]
        second, second_ms = asyncio.run(_sent(gateway, silent.peer, cast.ministry.peer, told))
    rows = tuple(
        (name, load.rate, cpu_ms, load.percentile_ms(0.5), load.percentile_ms(0.99))
        for name, load, cpu_ms in (
            ("documents of 5 KB + 20 KB", first, first_ms),
            ("reports on them", second, second_ms),
        )
    )
    caption = (
        f"{reports:,} sealed documents over {CONNECTIONS} connections, then a sealed status packet on each of them."
    )
    columns = ("", "packets/s", "server CPU ms/packet", "p50 ms", "p99 ms")
    return Outcome((Table(caption, columns, rows),))


async def _sent(gateway: Installed, sender: str, addressee: str, packets: list[Prepared]) -> tuple[Load, float]:
    """The load, and the server's CPU for one packet."""
    before_s = gateway.served.cpu_s
    load = await fire(HOST, gateway.port, submissions(gateway, sender, packets), CONNECTIONS)
    cpu_ms = 1000 * (gateway.served.cpu_s - before_s) / len(packets)
    await pass_gate(gateway, sender, addressee, receipted(load, packets))
    return load, cpu_ms
