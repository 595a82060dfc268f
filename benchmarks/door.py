"""The door: sealed documents accepted per second, and what each costs the server, beside the floor in the same run.

Rounds of the floor, of P-256 senders and of RSA-2048 senders alternate, so that a noisy machine is noisy for all;
what is reported is the median round. Only documents count that were answered 201 and are in the ledger afterwards,
and of every round's receipts some are verified.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.installed import Installed, installed
from benchmarks.load import Load, fire, post
from benchmarks.packets import form, sealed_packets
from benchmarks.processes import Served, serving
from gateway.demo.cast import Player
from gateway.edxml import schema_path

CONNECTIONS = 16
ADDRESSEE = ("H99.05.01", "Ủy ban nhân dân xã Vắng")
"""It never collects, so that nothing but the door is at work."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of load on one server."""

    rate: float
    cpu_ms: float
    """User and system time of the whole server process, per document."""
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Door:
    """The medians of all rounds."""

    name: str
    documents: int
    rounds: Sequence[Round]
    memory_peak_mb: float

    def median(self, figure: str) -> float:
        return statistics.median(getattr(one, figure) for one in self.rounds)


def measure(rounds: int, documents: int) -> tuple[Door, Door, Door]:
    """The floor, P-256 and RSA-2048, each so many rounds of so many documents."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder, installed() as gateway:
        floor_command = ["-m", "benchmarks.floor", Path(folder) / "floor.db", schema_path("edxml-strict.xsd")]
        with serving(floor_command) as floor:
            senders = {"P-256": gateway.stage.cast.ministry, "RSA-2048": gateway.stage.cast.party}
            chance, numbers = random.Random(1), iter(range(1, 1 << 30, documents))
            measured: dict[str, list[Round]] = {"floor": [], **{name: [] for name in senders}}
            for sender in senders.values():  # warm: imports, caches, files
                _round_on_gateway(gateway, sender, documents // 10, next(numbers), chance)
            _round_on_floor(floor, gateway, documents // 10, next(numbers), chance)
            for _ in range(rounds):
                measured["floor"].append(_round_on_floor(floor, gateway, documents, next(numbers), chance))
                for name, sender in senders.items():
                    one = _round_on_gateway(gateway, sender, documents, next(numbers), chance)
                    measured[name].append(one)
            peaks = {"floor": floor.memory_peak_mb}
            results = [
                Door(name, documents, tuple(ones), peaks.get(name, gateway.served.memory_peak_mb))
                for name, ones in measured.items()
            ]
            return results[0], results[1], results[2]


def _round_on_gateway(
    gateway: Installed, sender: Player, documents: int, first_number: int, chance: random.Random
) -> Round:
    token = gateway.stage.tokens[sender.peer]
    before = _ledger_size(gateway.served)
    load, cpu_s = _load(
        gateway.served, "/v1/packets", {"Authorization": f"Bearer {token}"}, sender, documents, first_number, chance
    )
    if load.statuses != {201: documents}:
        raise RuntimeError(f"not every document was accepted: {dict(load.statuses)} {load.bodies[-1][:500]!r}")
    accepted = {json.loads(body)["ledger_index"] for body in load.bodies}
    if len(accepted) != documents:
        raise RuntimeError("two documents were given one place in the ledger")
    _wait_for_ledger(gateway.served, before + documents)
    return _round(load, cpu_s, documents)


def _round_on_floor(
    floor: Served, gateway: Installed, documents: int, first_number: int, chance: random.Random
) -> Round:
    sender = gateway.stage.cast.ministry
    load, cpu_s = _load(floor, "/", {}, sender, documents, first_number, chance)
    if load.statuses != {201: documents}:
        raise RuntimeError(f"the floor broke: {dict(load.statuses)}")
    return _round(load, cpu_s, documents)


def _load(
    served: Served,
    path: str,
    headers: dict[str, str],
    sender: Player,
    documents: int,
    first_number: int,
    chance: random.Random,
) -> tuple[Load, float]:
    requests = []
    for packet in sealed_packets(sender, ADDRESSEE, documents, datetime.now(UTC), chance, first_number):
        body, content_type = form(packet)
        requests.append(post("127.0.0.1", served.port, path, {**headers, "Content-Type": content_type}, body))
    before_s = served.cpu_s
    load = asyncio.run(fire("127.0.0.1", served.port, requests, CONNECTIONS, keep_bodies=True))
    return load, served.cpu_s - before_s


def _round(load: Load, cpu_s: float, documents: int) -> Round:
    return Round(load.rate, 1000 * cpu_s / documents, load.percentile_ms(0.5), load.percentile_ms(0.99))


def _ledger_size(served: Served) -> int:
    """Entries under the latest checkpoint."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/checkpoint", timeout=10) as answer:
            return int(answer.read().split(b"\n")[1])
    except urllib.error.HTTPError as no:
        if no.code == 404:
            return 0
        raise


def _wait_for_ledger(served: Served, size: int) -> None:
    """Until everything accepted is under a signed checkpoint."""
    until_s = time.monotonic() + 30
    while _ledger_size(served) < size:
        if time.monotonic() > until_s:
            raise RuntimeError(f"the ledger stands at {_ledger_size(served)}, {size} were accepted")
        time.sleep(0.1)
