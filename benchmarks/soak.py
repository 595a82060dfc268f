"""A soak: full lives at 70 % of the peak just seen, for as long as asked, and the server's memory all along.

Packets are made while it runs, so the generator's memory is constant too. Every stretch passes the gate while the next
one runs.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.door import packets_of
from benchmarks.gate import receipted, stored, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.life import FINISHED, WARMING, live
from benchmarks.load import Load, pour
from benchmarks.outcome import Curve, Goal, Outcome, Plot, Table
from benchmarks.packets import Prepared
from benchmarks.parties import Accepted, Puller, Shelf, submissions
from benchmarks.processes import watching

OF_PEAK = 0.7
CONNECTIONS = 32
GROWTH_MB = 50.0
WARM_SHARE = 0.2
"""What memory is at the end is compared with what it was after this share of the time."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the soak that is to pass the gate."""

    told: list[Accepted]
    load: Load
    shelf: Shelf


def measure(minutes: float, peak_of: int) -> Outcome:
    """So many documents to find the peak; then 70 % of it for so many minutes."""
    with installed() as gateway:
        asyncio.run(live(gateway, peak_of // 10 + 10, WARMING))
        peak = peak_of / asyncio.run(live(gateway, peak_of, 1)).seconds
        seconds = 60.0 * minutes
        with watching(gateway.served, max(0.1, seconds / 300)) as memory:
            loads, took_s = asyncio.run(_soak(gateway, OF_PEAK * peak, seconds, 1_000_000))
    lived = sum(len(one.latencies_s) for one in loads)
    warm_mb = next(mb for at, mb in memory if at >= WARM_SHARE * memory[-1][0])
    p99s = [one.percentile_ms(0.99) for one in loads]
    caption = f"{took_s / 60:.1f} minutes of full lives at 70 % of the peak of {peak:,.0f} lives/s, all gated."
    columns = (
        "lives",
        "lives/s",
        "receipt p99 ms, best stretch",
        "worst stretch",
        "memory MB after a fifth",
        "at the end",
    )
    row = (f"{lived:,}", lived / took_s, min(p99s), max(p99s), warm_mb, memory[-1][1])
    goal = Goal(
        "memory grows by", memory[-1][1] - warm_mb, GROWTH_MB, "MB", at_least=False,
        reference=f"{warm_mb:.0f} MB after a fifth of the time",
    )  # fmt: skip
    title = f"Memory of the gateway, {took_s / 60:.0f} minutes at 70 % of peak"
    plot = Plot("soak", title, "MB", (Curve("gateway", tuple(memory)),))
    return Outcome((Table(caption, columns, (row,)),), (goal,), (plot,))


async def _soak(gateway: Installed, rate: float, seconds: float, first_number: int) -> tuple[list[Load], float]:
    """The load of each stretch; seconds of all."""
    loads, judged = list[Load](), list[asyncio.Task[None]]()
    began_s, stretch_s = time.perf_counter(), min(15.0, seconds / 3)
    each, ministry = max(int(rate * stretch_s), 5), gateway.stage.cast.ministry
    packets = packets_of(gateway, ministry, each, first_number)
    while time.perf_counter() - began_s < seconds:
        first_number += each
        coming = asyncio.create_task(asyncio.to_thread(packets_of, gateway, ministry, each, first_number))
        stretch = await _stretch(gateway, packets, rate)
        loads.append(stretch.load)
        for done in [one for one in judged if one.done()]:
            judged.remove(done)
            done.result()
        judged.append(asyncio.create_task(_judge(gateway, stretch)))
        packets = await coming
    took_s = time.perf_counter() - began_s
    await asyncio.gather(*judged)
    return loads, took_s


async def _stretch(gateway: Installed, packets: list[Prepared], rate: float) -> Stretch:
    cast, count = gateway.stage.cast, len(packets)
    sender, addressee = Puller(gateway, cast.ministry.peer), Puller(gateway, cast.silent.peer, FINISHED)
    requests = submissions(gateway, cast.ministry.peer, packets)
    async with asyncio.TaskGroup() as group:
        submitting = group.create_task(pour(HOST, gateway.port, requests, rate, CONNECTIONS))
        group.create_task(addressee.pull(count))
        group.create_task(sender.pull(count))
    load = submitting.result()
    return Stretch(receipted(load, packets), load, addressee.shelf)


async def _judge(gateway: Installed, stretch: Stretch) -> None:
    await verify(gateway, gateway.stage.cast.ministry.peer, stretch.told)
    stored(stretch.shelf, stretch.told)
