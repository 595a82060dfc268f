"""A gateway nobody asks anything: how soon it is ready, what it holds, what it burns. Beside it the floor, the same."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.door import flooring
from benchmarks.installed import HOST, served, staged
from benchmarks.load import connected, get
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.processes import Served

MEMORY_MB, CPU_SHARE, READY_S = 120.0, 1.0, 1.5
SETTLING_S = 2.0


def measure(starts: int, idle_s: int) -> Outcome:
    """So many starts; then so many seconds of nothing."""
    with staged() as stage:
        ready_s = []
        for _ in range(starts):
            began_s = time.perf_counter()
            with served(stage) as gateway:
                asyncio.run(_ready(gateway.port))
                ready_s.append(time.perf_counter() - began_s)
        with served(stage) as gateway, flooring() as floor:
            time.sleep(SETTLING_S)
            ours, bare = _quiet(gateway.served, floor, idle_s)
    ready = statistics.median(ready_s)
    rows = (("gateway", ready, *ours), ("the floor", floor.started_s, *bare))
    caption = f"{starts} starts (the median), then {idle_s} s in which nobody asks anything."
    columns = ("", "start to ready s", "memory MB", "CPU % of a core")
    return Outcome(
        (Table(caption, columns, rows),),
        (
            Goal("idle memory", ours[0], MEMORY_MB, "MB", False, f"the floor: {bare[0]:.0f} MB"),
            Goal("idle CPU", ours[1], CPU_SHARE, "% of a core", False, f"the floor: {bare[1]:.2f} %"),
            Goal(
                "start to ready", ready, READY_S, "s", at_least=False,
                reference=f"the floor: {floor.started_s:.2f} s until it names its port",
            ),
        ),
    )  # fmt: skip


def _quiet(gateway: Served, floor: Served, seconds: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Memory in MB and CPU in percent of a core, of both over the same seconds."""
    before = [(one.cpu_s, one) for one in (gateway, floor)]
    began_s = time.perf_counter()
    time.sleep(seconds)
    took_s = time.perf_counter() - began_s
    first, second = ((one.memory_mb, 100 * (one.cpu_s - cpu_s) / took_s) for cpu_s, one in before)
    return first, second


async def _ready(port: int) -> None:
    async with asyncio.timeout(30), connected(HOST, port) as line:
        while (await line.ask(get(HOST, port, "/readyz", {}))).status != 200:
            await asyncio.sleep(0.01)
