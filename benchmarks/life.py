"""The full life of a document: submitted, pulled, stored, acknowledged, reported as finished, and the report pulled,
stored and acknowledged by its sender. Both ends run in the generator, on the same cores."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.door import CONNECTIONS, flooring, on_floor, packets_of
from benchmarks.gate import receipted, stored, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import Load, fire
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.parties import Puller, submissions

FINISHED = "06"
GOAL = 250.0
WARMING = 900_000
"""Where the numbers begin of documents that only warm."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What so many lives took."""

    documents: int
    seconds: float
    cpu_ms: float
    """Server CPU of one life."""
    submitting: Load


def measure(lives: int) -> Outcome:
    """So many documents through their whole lives, at once."""
    with installed() as gateway, flooring() as floor:
        asyncio.run(live(gateway, lives // 10 + 3, WARMING))
        lived = asyncio.run(live(gateway, lives, 1))
        peak_mb = gateway.served.memory_peak_mb
        beside = on_floor(floor, packets_of(gateway, gateway.stage.cast.ministry, lives, 1)).rate
    rate = lives / lived.seconds
    columns = ("", "lives/s", "server CPU ms/life", "receipt p50 ms", "receipt p99 ms", "peak memory MB")
    row = ("submit, pull, store, acknowledge, report, and the report back", rate, lived.cpu_ms)
    table = Table(
        f"{lives:,} sealed documents of 5 KB + 20 KB, {CONNECTIONS} connections submitting, two systems pulling over "
        "five each; until the last report was stored.",
        columns,
        ((*row, lived.submitting.percentile_ms(0.5), lived.submitting.percentile_ms(0.99), peak_mb),),
    )
    reference = f"the floor, which only takes them in: {beside:,.0f} documents/s"
    return Outcome((table,), (Goal("full life", rate, GOAL, "documents/s", reference=reference),))


async def live(gateway: Installed, documents: int, first_number: int) -> Lived:
    """So many lives, as fast as they go; all of them through the gate."""
    packets = packets_of(gateway, gateway.stage.cast.ministry, documents, first_number)
    cast, count = gateway.stage.cast, len(packets)
    sender, addressee = Puller(gateway, cast.ministry.peer), Puller(gateway, cast.silent.peer, FINISHED)
    requests = submissions(gateway, cast.ministry.peer, packets)
    before_s, began_s = gateway.served.cpu_s, time.perf_counter()
    async with asyncio.TaskGroup() as group:
        submitting = group.create_task(fire(HOST, gateway.port, requests, CONNECTIONS))
        group.create_task(addressee.pull(count))
        group.create_task(sender.pull(count))
    seconds, cpu_s = max(sender.done_at_s) - began_s, gateway.served.cpu_s - before_s
    told = receipted(submitting.result(), packets)
    await verify(gateway, cast.ministry.peer, told)
    stored(addressee.shelf, told)
    if set(sender.shelf.places) != set(addressee.statuses):
        raise RuntimeError("the reports that came back are not those that were made")
    return Lived(count, seconds, 1000 * cpu_s / count, submitting.result())
