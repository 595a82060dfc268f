"""The queue before the gateway, simulated: how long documents wait where they come as they do in an office day.

One queue, so many servers, first come first served, seeded. Arrivals follow a rate that may change by the hour; service
takes a constant time (a document's CPU hardly varies) or an exponential one (for comparison with theory). The two
formulas everybody knows are here too, and a test holds the simulation against them.

`python -m benchmarks.queueing --write docs/capacity.md` puts the tables into the page, made from the last results of
`life` and `workers`.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.outcome import Cell, Table, table_lines
from benchmarks.report import fill, is_busy

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

HOUR_S = 3_600.0
OFFICE_DAY = (1, 1, 1, 1, 1, 1, 2, 5, 10, 14, 12, 6, 3, 6, 12, 13, 8, 3, 2, 1, 1, 1, 1, 1)
"""Documents by the hour, relative: offices peak from 9 to 11 and from 14 to 16. The busiest hour has an eighth of the
day."""
WORKING_DAYS = 22
"""In a month; on the others next to nothing comes."""
OF_PACKETS = 6
"""Packets for each document: itself and five statuses; the field has three to eight."""
PACKETS_OF_A_LIFE = 2
"""The document, and the report on it."""
AT_MOST_BUSY = 0.5
DOCUMENT_KB, STATUS_KB, ROW_KB = 200.0, 8.0, 3.0
"""What is kept: a document with scan, receipt and report; a status packet with its own; rows and indexes of either."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What those who came went through, in seconds from their arrival to the end of their service."""

    served: int
    mean_s: float
    p99_s: float
    slowest_s: float
    busy: float
    """Share of the servers' time."""


def simulate(arrivals: Iterator[float], service_s: Callable[[], float], servers: int) -> Waits:
    """Serve everybody in order; each begins as soon as a server is free."""
    free = [0.0] * servers
    stays, busy_s, last_s = list[float](), 0.0, 0.0
    for at_s in arrivals:
        begins_s, takes_s = max(at_s, heapq.heappop(free)), service_s()
        heapq.heappush(free, begins_s + takes_s)
        stays.append(begins_s + takes_s - at_s)
        busy_s, last_s = busy_s + takes_s, max(last_s, begins_s + takes_s)
    stays.sort()
    p99 = stays[min(int(0.99 * len(stays)), len(stays) - 1)]
    return Waits(len(stays), sum(stays) / len(stays), p99, stays[-1], busy_s / (servers * last_s))


def poisson(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """Instants at random, `rate` a second."""
    at_s = chance.expovariate(rate)
    while at_s < seconds:
        yield at_s
        at_s += chance.expovariate(rate)


def office_day(per_day: float, hours: Sequence[int], chance: random.Random) -> Iterator[float]:
    """Instants of a day, each hour with its share."""
    total = sum(OFFICE_DAY)
    for hour in hours:
        rate = per_day * OFFICE_DAY[hour] / total / HOUR_S
        for at_s in poisson(rate, HOUR_S, chance):
            yield (hour - hours[0]) * HOUR_S + at_s


def mean_stay_mmc(rate: float, service_s: float, servers: int) -> float:
    """M/M/c: mean time in the system, seconds (Erlang C)."""
    load = rate * service_s
    idle = sum(load**one / math.factorial(one) for one in range(servers))
    queued = load**servers / math.factorial(servers) * servers / (servers - load)
    return queued / (idle + queued) * service_s / (servers - load) + service_s


def mean_stay_md1(rate: float, service_s: float) -> float:
    """M/D/1: mean time in the system, seconds (Pollaczek and Khinchine)."""
    load = rate * service_s
    return service_s + load * service_s / (2 * (1 - load))


def peak_rate(per_month: float) -> float:
    """Packets a second in the busiest hour of a working day."""
    return per_month / WORKING_DAYS * OF_PACKETS * max(OFFICE_DAY) / sum(OFFICE_DAY) / HOUR_S


def busiest_hours(per_month: float, cost_s: float, cores: int, seed: int = 1) -> Waits:
    """The four busiest hours of a morning, on so many cores that each take `cost_s` for a packet."""
    chance = random.Random(seed)
    per_day = per_month / WORKING_DAYS * OF_PACKETS
    return simulate(office_day(per_day, (8, 9, 10, 11), chance), lambda: cost_s, cores)


def table(cost_ms: float) -> Table:
    """Mornings from a province's to the nation's tenfold."""
    rows = list[tuple[Cell, ...]]()
    for name, per_month, cores in (
        ("a province: 60,000 documents a month", 60_000, 1),
        ("the nation: 2,000,000 a month", 2_000_000, 1),
        ("the nation: 2,000,000 a month", 2_000_000, 2),
        ("ten times the nation", 20_000_000, 2),
        ("ten times the nation", 20_000_000, 4),
    ):
        rate, cost_s = peak_rate(per_month), cost_ms / 1_000
        busy = rate * cost_s / cores
        stay: tuple[Cell, ...] = ("grows", "grows", "grows")
        if busy < 1:
            waits = busiest_hours(per_month, cost_s, cores)
            stay = (1_000 * waits.mean_s, 1_000 * waits.p99_s, 1_000 * waits.slowest_s)
        rows.append((name, rate, f"{cores}", 100 * busy, *stay))
    columns = ("", "packets/s at the peak", "cores", "busy then %", "in the gateway, mean ms", "p99 ms", "slowest ms")
    caption = f"Four hours of a morning, {cost_ms:.2g} ms of a core a packet, {OF_PACKETS} packets a document, seed 1."
    return Table(caption, columns, tuple(rows))


def sizes(cost_ms: float, database_ms: float) -> Table:
    """How many cores, at half load at the peak, how many registers, and how much is kept."""
    rows, per_register = list[tuple[Cell, ...]](), AT_MOST_BUSY * 1_000 / database_ms
    for name, per_month in (
        ("a province", 60_000),
        ("the nation", 2_000_000),
        ("a billion documents a day", 1_000_000_000 * WORKING_DAYS),
    ):
        rate = peak_rate(per_month)
        registers = math.ceil(rate / per_register)
        gateway, database = (math.ceil(rate * one / 1_000 / AT_MOST_BUSY) for one in (cost_ms, database_ms))
        a_day = per_month / WORKING_DAYS
        content_gb = a_day * (DOCUMENT_KB + (OF_PACKETS - 1) * STATUS_KB) / 1e6
        register_gb = a_day * OF_PACKETS * ROW_KB / 1e6
        rows.append((name, a_day, rate, gateway, database, registers, content_gb, register_gb))
    columns = (
        "",
        "documents a working day",
        "packets/s at the peak",
        "cores of gateways",
        "cores of PostgreSQL",
        "registers",
        "content GB a day",
        "register GB a day",
    )
    caption = (
        f"{cost_ms:.2g} ms of gateway and {database_ms:.2g} ms of PostgreSQL a packet, {OF_PACKETS} a document; "
        f"cores at most {AT_MOST_BUSY:.0%} busy in the busiest hour, a register takes {per_register:,.0f} packets/s."
    )
    return Table(caption, columns, tuple(rows))


def measured() -> tuple[float, float, bool]:
    """Milliseconds of gateway and of PostgreSQL a packet from the published results, and whether the machine was busy
    then. FileNotFoundError without any.
    """
    (life, life_busy), (workers, workers_busy) = (_figures(name) for name in ("life", "workers"))
    cost_ms = float(life["server CPU ms/life"]) / PACKETS_OF_A_LIFE
    return cost_ms, float(workers["collected too"]), life_busy or workers_busy


def _figures(scenario: str) -> tuple[dict[str, Any], bool]:
    """The first row of a scenario's first table, by column; was the machine busy?"""
    said = json.loads((RESULTS / f"{scenario}.json").read_text(encoding="utf-8"))
    (one,) = said["scenarios"]
    table = one["outcome"]["tables"][0]
    busy = is_busy(one["load_before"], said["machine"]["cores"])
    return dict(zip(table["columns"], table["rows"][0], strict=True)), busy


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queueing", description=__doc__)
    parser.add_argument("--cost-ms", type=float, help="CPU of the gateway for a packet; left out: as measured (life)")
    parser.add_argument("--database-ms", type=float, help="of PostgreSQL; left out: as measured (workers)")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    asked = parser.parse_args()
    given = asked.cost_ms is not None and asked.database_ms is not None
    cost_ms, database_ms, busy = (asked.cost_ms, asked.database_ms, False) if given else measured()
    options = f" --cost-ms {cost_ms:g} --database-ms {database_ms:g}" if given else ""
    said = f"`python -m benchmarks.queueing{options}`" + (
        "; what a packet costs was measured on **a busy machine**, where it costs several times as much" if busy else ""
    )
    blocks = {
        name: "\n".join([f"{said}.", "", *table_lines(one)]) + "\n"
        for name, one in (("queue", table(cost_ms)), ("sizes", sizes(cost_ms, database_ms)))
    }
    if asked.write:
        asked.write.write_text(fill(asked.write.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    else:
        print("\n".join(blocks.values()))


if __name__ == "__main__":
    main()
