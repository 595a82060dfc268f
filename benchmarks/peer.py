"""The peer: django-pyas2 on PostgreSQL beside the gateway, in the same run, on the same cores, with four clients.

Its settings favour it (`benchmarks/as2/`): two gunicorn workers, connections kept open to its clients and its database,
no debugging, no middleware, no certificate paths to check. It verifies a signature, decrypts, stores the payload in two
files and a row, and answers with a signed receipt; its files are not flushed to the disk. The gateway does not decrypt;
it validates against the schema and the rules, routes, seals a receipt and a report, and keeps a ledger, everything
flushed before it answers. Both count only what is receipted, verifies, and is found stored.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gate import pass_gate, receipted
from benchmarks.installed import HOST, Installed, postgres, served, staged
from benchmarks.load import Load, fire, post_raw
from benchmarks.outcome import Cell, Goal, Outcome, Table
from benchmarks.packets import prepared, sealed_packets
from benchmarks.parties import submissions
from benchmarks.peer_environment import environment, versions
from benchmarks.processes import Served, serving
from gateway.demo.cast import Player
from tests.postgres import PostgresServer

HERE = Path(__file__).parent / "as2"
CLIENTS = 4
SMALL, LARGE = 10_000, 1_000_000
TIMES = 15.0


@dataclass(frozen=True, slots=True)
class Peer:
    """The peer, running."""

    python: Path
    home: Path
    settings: dict[str, str]
    served: Served

    def run(self, *arguments: object) -> str:
        """One of the steps of `benchmarks/as2/peer.py`."""
        return _run(self.python, self.settings, *arguments)


@dataclass(frozen=True, slots=True)
class Measured:
    """One of those compared, at one size."""

    name: str
    load: Load
    cpu_ms: float


def measure(exchanged: int, exchanged_large: int) -> Outcome:
    """So many of 10 KB and so many of 1 MB for each of those compared."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        peer = _peer(stack, database)
        ours = {
            f"gateway, {engine}": stack.enter_context(served(stack.enter_context(staged(url=url)), workers))
            for engine, url, workers in (
                ("SQLite, one process", None, 1),
                ("SQLite, two workers", None, 2),
                ("PostgreSQL, two workers", database.fresh_database(), 2),
            )
        }
        small = _at(peer, ours, exchanged, SMALL, 1)
        large = _at(peer, ours, exchanged_large, LARGE, 100_000)
    caption = f"{CLIENTS} clients, each with one document under way; RSA-2048 on the sender's side. {versions()}."
    columns = ("", "size", "documents", "documents/s", "times the peer", "p50 ms", "p99 ms", "server CPU ms/document")
    rows = (*_rows("10 KB", small), *_rows("1 MB", large))
    return Outcome((Table(caption, columns, rows),), (_goal("10 KB", small, TIMES), _goal("1 MB", large, 1.0)))


def _at(peer: Peer, ours: dict[str, Installed], count: int, size: int, first_number: int) -> list[Measured]:
    _on_peer(peer, max(count // 10, 8), size)  # warm
    measured = [Measured("django-pyas2, PostgreSQL, two workers", *_on_peer(peer, count, size))]
    for name, gateway in ours.items():
        sender = gateway.stage.cast.party
        asyncio.run(_on_gateway(gateway, sender, max(count // 10, 8), size, first_number + 50_000))
        measured.append(Measured(name, *asyncio.run(_on_gateway(gateway, sender, count, size, first_number))))
    return measured


def _peer(stack: ExitStack, database: PostgresServer) -> Peer:
    python = environment()
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-peer-")))
    name, _, socket = database.empty_database().partition("@/")[2].partition("?host=")
    settings = {
        "AS2_HOME": str(home),
        "AS2_DATABASE": name,
        "AS2_SOCKET": socket.partition("&")[0],
        "AS2_PORT": str(database.port),
    }
    _run(python, settings, "found")
    return Peer(python, home, settings, stack.enter_context(serving([HERE / "peer.py", "serve"], python, **settings)))


def _run(python: Path, settings: dict[str, str], *arguments: object) -> str:
    command = [str(python), str(HERE / "peer.py"), *map(str, arguments)]
    done = subprocess.run(command, check=False, env={**os.environ, **settings}, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the peer: {' '.join(command[1:])}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return done.stdout


def _on_peer(peer: Peer, count: int, size: int) -> tuple[Load, float]:
    """The load and the CPU of one message; nothing counts that is not receipted, verified and stored."""
    peer.run("build", count, size)
    pieces = iter(_pieces((peer.home / "messages.bin").read_bytes()))
    requests = [post_raw(HOST, peer.served.port, "/as2", head, next(pieces)) for head in pieces]
    before_s = peer.served.cpu_s
    load = asyncio.run(fire(HOST, peer.served.port, requests, CLIENTS))
    cpu_ms = 1000 * (peer.served.cpu_s - before_s) / count
    if load.statuses != {200: count}:
        raise RuntimeError(f"the peer broke: {dict(load.statuses)} {load.bodies[-1][:500]!r}")
    answers = [head.partition(b"\r\n")[2] + body for head, body in zip(load.heads, load.bodies, strict=True)]
    (peer.home / "answers.bin").write_bytes(b"".join(len(one).to_bytes(8, "big") + one for one in answers))
    if int(peer.run("check")) != count:
        raise RuntimeError("the peer lost messages")
    return load, cpu_ms


async def _on_gateway(gateway: Installed, sender: Player, count: int, size: int, first: int) -> tuple[Load, float]:
    silent = gateway.stage.cast.silent
    to, at, chance = ((silent.agency, silent.name),), datetime.now(UTC), random.Random(size)
    packets = [prepared(one) for one in sealed_packets(sender, to, count, at, chance, first, size)]
    before_s = gateway.served.cpu_s
    load = await fire(HOST, gateway.port, submissions(gateway, sender.peer, packets), CLIENTS)
    cpu_ms = 1000 * (gateway.served.cpu_s - before_s) / count
    await pass_gate(gateway, sender.peer, silent.peer, receipted(load, packets))
    return load, cpu_ms


def _rows(size: str, measured: Sequence[Measured]) -> list[tuple[Cell, ...]]:
    peer = measured[0].load.rate
    return [
        (
            one.name, size, len(one.load.latencies_s), one.load.rate, one.load.rate / peer,
            one.load.percentile_ms(0.5), one.load.percentile_ms(0.99), one.cpu_ms,
        )
        for one in measured
    ]  # fmt: skip


def _goal(size: str, measured: Sequence[Measured], bound: float) -> Goal:
    peer, best = measured[0].load.rate, max(measured[1:], key=lambda one: one.load.rate)
    beside = f"the peer: {peer:,.1f} documents/s; ours is {best.name}"
    return Goal(f"times the peer at {size}", best.load.rate / peer, bound, reference=beside)


def _pieces(data: bytes) -> list[bytes]:
    pieces, place = [], 0
    while place < len(data):
        start = place + 8
        place = start + int.from_bytes(data[place:start], "big")
        pieces.append(data[start:place])
    return pieces
