"""How long a sender waits for its receipt at half load: documents come at random moments, at half of the rate the door
was just seen to bear, and a latency counts from the moment its document was due."""

from __future__ import annotations

import asyncio

from benchmarks.door import CONNECTIONS, packets_of
from benchmarks.gate import pass_gate, receipted
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import Load, fire, pour
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.parties import submissions

HALF = 0.5
OPEN_CONNECTIONS = 64
P99_MS = 50.0


def measure(waited: int) -> Outcome:
    """So many documents as fast as they go, then as many at half that rate."""
    with installed() as gateway:
        asyncio.run(_one(gateway, waited // 10 + 10, 1, None))
        peak = asyncio.run(_one(gateway, waited, 100_000, None))
        half = asyncio.run(_one(gateway, waited, 200_000, HALF * peak.rate))
    rows = tuple(
        (
            name,
            load.rate,
            *(load.percentile_ms(share) for share in (0.5, 0.9, 0.99)),
            1000 * max(load.latencies_s),
            load.sent_away,
        )
        for name, load in (("as fast as they go", peak), ("at half of that", half))
    )
    caption = (
        f"{waited:,} sealed documents of 5 KB + 20 KB: over {CONNECTIONS} connections as fast as they go, then at "
        f"random moments over {OPEN_CONNECTIONS}."
    )
    columns = ("", "documents/s", "p50 ms", "p90 ms", "p99 ms", "slowest ms", "told to come again")
    beside = f"as fast as they go: {peak.rate:,.0f} documents/s, p99 {peak.percentile_ms(0.99):.0f} ms"
    goal = Goal("receipt at half load, p99", half.percentile_ms(0.99), P99_MS, "ms", at_least=False, reference=beside)
    return Outcome((Table(caption, columns, rows),), (goal,))


async def _one(gateway: Installed, documents: int, first_number: int, rate: float | None) -> Load:
    cast = gateway.stage.cast
    packets = packets_of(gateway, cast.ministry, documents, first_number)
    requests = submissions(gateway, cast.ministry.peer, packets)
    if rate is None:
        load = await fire(HOST, gateway.port, requests, CONNECTIONS)
    else:
        load = await pour(HOST, gateway.port, requests, rate, OPEN_CONNECTIONS)
    await pass_gate(gateway, cast.ministry.peer, cast.silent.peer, receipted(load, packets))
    return load
