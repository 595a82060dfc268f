"""The door: sealed documents accepted per second, and what each costs the server, beside the floor in the same run.

Rounds of the floor, of P-256 senders and of RSA-2048 senders alternate, so that a noisy machine is noisy for all; what
is reported is the median round. Every document passes the gate (`benchmarks/gate.py`) before it counts.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gate import pass_gate, receipted
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import Load, fire, post
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.packets import Prepared, prepared, sealed_packets
from benchmarks.parties import submissions
from benchmarks.processes import Served, serving
from gateway.demo.cast import Player
from gateway.edxml import schema_path

CONNECTIONS = 16
OF_FLOOR = 0.75
CPU_MS = 2.0
WARMING = 20
"""Documents before the clock starts, at least: imports, caches, files."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of load on one server."""

    rate: float
    cpu_ms: float
    """User and system time of the whole server process, per document."""
    p50_ms: float
    p99_ms: float
    beside_ms: float = 0.0
    """The same of a server that this one asks; 0 where it asks none."""


def median(rounds: Sequence[Round], figure: str) -> float:
    """Of one figure over all rounds."""
    return statistics.median(getattr(one, figure) for one in rounds)


def measure(documents: int, rounds: int) -> Outcome:
    """The floor, P-256 and RSA-2048, each so many rounds of so many documents."""
    with installed() as gateway, flooring() as floor:
        cast = gateway.stage.cast
        numbers = iter(range(1, 1 << 30, documents + WARMING))
        measured: dict[str, list[Round]] = {"floor": [], "P-256": [], "RSA-2048": []}
        for turn in range(rounds + 1):
            count = documents if turn else documents // 10 + WARMING
            made = {
                "floor": on_floor(floor, packets_of(gateway, cast.ministry, count, next(numbers))),
                "P-256": on_gateway(gateway, cast.ministry, count, next(numbers)),
                "RSA-2048": on_gateway(gateway, cast.party, count, next(numbers)),
            }
            for name, one in made.items() if turn else ():
                measured[name].append(one)
        peaks = dict.fromkeys(measured, gateway.served.memory_peak_mb) | {"floor": floor.memory_peak_mb}
    return _outcome(measured, peaks, documents)


@contextmanager
def flooring() -> Iterator[Served]:
    """The floor, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        command = ["-m", "benchmarks.floor", Path(folder) / "floor.db", schema_path("edxml-strict.xsd")]
        with serving(command) as floor:
            yield floor


def packets_of(gateway: Installed, sender: Player, documents: int, first_number: int) -> list[Prepared]:
    """Packets to somebody who never looks until the clock has stopped: nothing but the door is at work."""
    silent = gateway.stage.cast.silent
    chance, at = random.Random(first_number), datetime.now(UTC)
    made = sealed_packets(sender, ((silent.agency, silent.name),), documents, at, chance, first_number)
    return [prepared(one) for one in made]


def on_gateway(
    gateway: Installed, sender: Player, documents: int, first_number: int, database: Served | None = None
) -> Round:
    """One round through the doors, and through the gate."""
    packets = packets_of(gateway, sender, documents, first_number)
    requests = submissions(gateway, sender.peer, packets)
    servers = (gateway.served, *([database] if database else []))
    before_s = [one.cpu_s for one in servers]
    load = asyncio.run(fire(HOST, gateway.port, requests, CONNECTIONS))
    took_s = [one.cpu_s - before for one, before in zip(servers, before_s, strict=True)]
    told = receipted(load, packets)
    asyncio.run(pass_gate(gateway, sender.peer, gateway.stage.cast.silent.peer, told))
    return _round(load, documents, *took_s)


def on_floor(floor: Served, packets: Sequence[Prepared]) -> Round:
    """The same work on the floor."""
    requests = [post(HOST, floor.port, "/", {"Content-Type": one.content_type}, one.body) for one in packets]
    before_s = floor.cpu_s
    load = asyncio.run(fire(HOST, floor.port, requests, CONNECTIONS))
    if load.statuses != {201: len(packets)}:
        raise RuntimeError(f"the floor broke: {dict(load.statuses)}")
    return _round(load, len(packets), floor.cpu_s - before_s)


def _round(load: Load, documents: int, cpu_s: float, beside_s: float = 0.0) -> Round:
    cpu_ms, beside_ms = 1000 * cpu_s / documents, 1000 * beside_s / documents
    return Round(load.rate, cpu_ms, load.percentile_ms(0.5), load.percentile_ms(0.99), beside_ms)


def _outcome(measured: dict[str, list[Round]], peaks: dict[str, float], documents: int) -> Outcome:
    floor = median(measured["floor"], "rate")
    rows = tuple(
        (
            name,
            median(ones, "rate"),
            round(median(ones, "rate") / floor, 2),
            *(median(ones, figure) for figure in ("cpu_ms", "p50_ms", "p99_ms")),
            peaks[name],
        )
        for name, ones in measured.items()
    )
    caption = (
        f"Sealed 5 KB envelope + 20 KB attachment, {CONNECTIONS} connections; median of {len(measured['floor'])} "
        f"rounds of {documents:,} documents, all receipted, verified, under a checkpoint and found at the addressee's."
    )
    columns = ("", "documents/s", "of the floor", "server CPU ms/document", "p50 ms", "p99 ms", "peak memory MB")
    beside = f"the floor: {floor:,.0f} documents/s, {median(measured['floor'], 'cpu_ms'):.2f} ms"
    return Outcome(
        (Table(caption, columns, rows),),
        (
            Goal(
                "rate of the door, P-256",
                median(measured["P-256"], "rate") / floor,
                OF_FLOOR,
                "of the floor",
                reference=beside,
            ),
            Goal(
                "server CPU of a document",
                median(measured["P-256"], "cpu_ms"),
                CPU_MS,
                "ms",
                at_least=False,
                reference=beside,
            ),
        ),
    )
