"""Two workers on PostgreSQL beside one, on the same database, by turns."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.door import CONNECTIONS, WARMING, Round, median, on_gateway
from benchmarks.installed import postgres, served, staged
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.processes import Served
from gateway import config

TIMES = 1.5
WORKERS = (1, 2)


def measure(worked: int, turns: int) -> Outcome:
    """So many rounds of so many documents for each."""
    measured: dict[int, list[Round]] = {count: [] for count in WORKERS}
    collected_ms: dict[int, list[float]] = {count: [] for count in WORKERS}
    peaks: dict[int, float] = {}
    first_number = 1
    with postgres() as database, staged(url=database.fresh_database()) as stage:
        server = Served(_postmaster(config.load(stage.config).store.url), database.port)
        for _ in range(turns):
            for count in WORKERS:
                with served(stage, workers=count) as gateway:
                    sender = stage.cast.ministry
                    on_gateway(gateway, sender, worked // 10 + WARMING, first_number)
                    before_s = server.cpu_s
                    measured[count].append(on_gateway(gateway, sender, worked, first_number + worked + WARMING, server))
                    collected_ms[count].append(1000 * (server.cpu_s - before_s) / worked)
                    peaks[count] = gateway.served.memory_peak_mb
                first_number += 2 * (worked + WARMING)
    rows = tuple(
        (
            f"{count}",
            *(median(ones, figure) for figure in ("rate", "cpu_ms", "beside_ms")),
            statistics.median(collected_ms[count]),
            *(median(ones, figure) for figure in ("p50_ms", "p99_ms")),
            peaks[count],
        )
        for count, ones in measured.items()
    )
    caption = (
        f"Sealed 5 KB + 20 KB, {CONNECTIONS} connections; median of {turns} rounds of {worked:,} documents. PostgreSQL "
        "and the generator are on the same cores. Collected: fetched, proven and checked afterwards, one by one."
    )
    columns = (
        "workers",
        "documents/s",
        "gateway CPU ms/document",
        "PostgreSQL CPU ms/document",
        "collected too",
        "p50 ms",
        "p99 ms",
        "peak memory MB, all processes",
    )
    one, two = (median(measured[count], "rate") for count in WORKERS)
    goal = Goal(
        "two workers on PostgreSQL", two / one, TIMES, "times one", reference=f"one worker: {one:,.0f} documents/s"
    )
    return Outcome((Table(caption, columns, rows),), (goal,))


def _postmaster(url: str) -> int:
    """The process of the database server: the first line of the lock beside its socket."""
    folder = url.partition("?host=")[2].partition("&")[0]
    (lock,) = Path(folder).glob(".s.PGSQL.*.lock")
    return int(lock.read_text().split()[0])
