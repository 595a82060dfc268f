"""Several gateways on one store, killed one after the other under load: `python -m tests.crash.fleet --kills 50`.

Two nodes on PostgreSQL behind one address, or two workers on SQLite. What dies each time is drawn: any process, the one
that holds the lease, the database server. Whatever dies comes back; everything the peers were told is then looked for.
The last line printed is a JSON summary.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from gateway.exchange.tenure import NAME
from gateway.ledger import NoteKey
from gateway.store.engine import parse_url, reader_engine
from gateway.store.leases import Lease, lease
from gateway.store.reconciling import replay
from tests.crash.audit import Audit
from tests.crash.installation import Installation, found, free_port
from tests.crash.notebook import Notebook, Receipted, of_kind, read
from tests.crash.parties import Parties
from tests.crash.serving import Serving
from tests.crash.spawner import ColdStarts, Origin, Spawner
from tests.postgres import PostgresServer, binaries

Read = TypeVar("Read")

CALM_S = (0.3, 1.5)
"""Between the return of receipts after one kill and the next kill."""
RETURN_S_MAX = 180.0
LOOK_S = 0.02
SETTINGS = {"delivery.lease_s": 2.0}
WORKERS = 2
NOWHERE = "http://127.0.0.1:9/"
"""Where pushes go: nobody answers there."""
ANYBODY, HOLDER, DATABASE = "process", "lease holder", "database"


@dataclass
class Summary:
    """The last line."""

    engine: str
    seed: int
    killed: dict[str, int] = field(default_factory=dict)
    last: str = "nobody"
    """Who died last."""
    receipted: int = 0
    entries: int = 0
    terms: int = 0
    """How often the lease changed hands, the first time included."""
    longest_pause_s: float = 0.0
    """In which no peer was told anything."""
    longest_after_s: dict[str, float] = field(default_factory=dict)
    """The longest that began or lasted after the death of each."""
    faults: list[str] = field(default_factory=list)


class Fleet(ABC):
    """Processes that share a store."""

    victims: Sequence[str] = (ANYBODY, HOLDER)

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @abstractmethod
    def processes(self) -> dict[str, int]:
        """Who is at work: the end of its name at the lease, and its process id."""

    @abstractmethod
    async def revive(self) -> None:
        """Start again what was killed, and wait until it answers."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing running."""

    def kill(self, what: str, chance: random.Random) -> None:
        """Let one die at once."""
        running = self.processes()
        holder = self.look().holder or ""
        at_work = [pid for name, pid in running.items() if what == ANYBODY or holder.endswith(name)]
        os.kill(chance.choice(at_work or list(running.values())), signal.SIGKILL)

    def look(self) -> Lease:
        """The lease as it is now."""
        return _read(self.installation, lambda connection: lease(connection, NAME))


class Workers(Fleet):
    """Workers of one parent."""

    def __init__(self, installation: Installation, origin: Origin) -> None:
        super().__init__(installation)
        self.parent = Serving(installation, origin)
        self.parent.start()

    def processes(self) -> dict[str, int]:
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        found = {}
        for pid in map(int, children):
            with suppress(OSError, ValueError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                found["/" + words[words.index("--worker") + 1].partition(":")[0]] = pid
        return found

    async def revive(self) -> None:
        """The parent starts it; with its store it opens threads, and soon its doors."""
        async with asyncio.timeout(RETURN_S_MAX):
            while len(running := self.processes()) < WORKERS or min(map(_threads, running.values())) < WORKERS:
                await asyncio.sleep(LOOK_S)

    def close(self) -> None:
        self.parent.close()


class Nodes(Fleet):
    """Gateways of their own on one database server."""

    victims = (ANYBODY, HOLDER, DATABASE)

    def __init__(self, installation: Installation, origin: Origin, server: PostgresServer) -> None:
        super().__init__(installation)
        self._server = server
        self._nodes: list[Serving] = []
        for port in (free_port(), free_port()):
            config = installation.folder / f"node-{port}.toml"
            config.write_text(
                installation.config.read_text().replace(f"port = {installation.port:_}", f"port = {port}")
            )
            self._nodes.append(Serving(replace(installation, port=port), origin, config))
            self._nodes[-1].start()

    @property
    def ports(self) -> list[int]:
        return [node.installation.port for node in self._nodes]

    def processes(self) -> dict[str, int]:
        return {f":{node.installation.port}": node.pid for node in self._nodes}

    def kill(self, what: str, chance: random.Random) -> None:
        if what == DATABASE:
            self._server.kill()
        else:
            super().kill(what, chance)

    async def revive(self) -> None:
        if self._server.ended:
            self._server.start()  # here, not in a thread: the server ends with the thread that started it
        for node in self._nodes:
            if node.ends_within(0.05):
                node.ended()
                await asyncio.to_thread(node.start)

    def close(self) -> None:
        for node in self._nodes:
            node.close()


@asynccontextmanager
async def balanced(port: int, ports: Sequence[int]) -> AsyncIterator[None]:
    """One address before several nodes: each connection goes to the next that takes it."""
    turns = itertools.count()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(turns)
        for offset in range(len(ports)):
            with suppress(OSError):
                there, thence = await asyncio.open_connection("127.0.0.1", ports[(first + offset) % len(ports)])
                await asyncio.gather(pipe(reader, thence), pipe(there, writer))
                return
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port):
        yield


async def run(fleet: Fleet, folder: Path, kills: int, seed: int) -> Summary:
    """Load, so many kills, rest, and an audit of everything."""
    engine = "postgresql" if fleet.installation.url.startswith("postgresql") else "sqlite"
    summary, chance = Summary(engine, seed), random.Random(seed)
    notebook = Notebook(folder / "notebook.jsonl")
    (folder / "fetched").mkdir()
    try:
        async with Parties(fleet.installation, notebook, seed, folder / "fetched").at_work():
            watching = asyncio.create_task(_pauses(notebook, summary))
            await _receipts(notebook, 10)
            for number in range(kills):
                what = fleet.victims[number % len(fleet.victims)]
                await asyncio.sleep(chance.uniform(*CALM_S))
                fleet.kill(what, chance)
                summary.killed[what] = summary.killed.get(what, 0) + 1
                summary.last = what
                await fleet.revive()
                await _receipts(notebook, 10)
            watching.cancel()
        await _audited(fleet, notebook, summary)
    finally:
        notebook.close()
    summary.receipted = len(of_kind(notebook.lines, Receipted))
    summary.terms = fleet.look().term
    return summary


async def _pauses(notebook: Notebook, summary: Summary) -> None:
    seen, since_s = 0, time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        if len(notebook.lines) != seen:
            seen, since_s = len(notebook.lines), time.monotonic()
        pause_s = round(time.monotonic() - since_s, 2)
        summary.longest_pause_s = max(summary.longest_pause_s, pause_s)
        summary.longest_after_s[summary.last] = max(summary.longest_after_s.get(summary.last, 0.0), pause_s)


async def _receipts(notebook: Notebook, count: int) -> None:
    """So many more than there are."""
    wanted = len(of_kind(notebook.lines, Receipted)) + count
    async with asyncio.timeout(RETURN_S_MAX):
        while len(of_kind(notebook.lines, Receipted)) < wanted:
            await asyncio.sleep(LOOK_S)


async def _audited(fleet: Fleet, notebook: Notebook, summary: Summary) -> None:
    """Nothing is lost, nothing doubled, every entry is signed, and the ledger alone tells the register."""
    audit, told = Audit(fleet.installation), read(notebook.path)
    async with asyncio.timeout(RETURN_S_MAX):
        while True:
            report = await asyncio.to_thread(audit.look, told)
            if report.signed == report.size:
                break
            await asyncio.sleep(0.2)
    summary.entries = report.size
    summary.faults += [*report.lost, *report.doubled, *report.wrong]
    keys = [NoteKey.parse(fleet.installation.vkey)]
    summary.faults += await asyncio.to_thread(
        _read, fleet.installation, lambda connection: [str(one) for one in replay(connection, keys)]
    )


def _read(installation: Installation, query: Callable[[Connection], Read]) -> Read:
    engine = reader_engine(parse_url(installation.url), 1)
    try:
        with engine.connect() as connection:
            return query(connection)
    finally:
        engine.dispose()


def _threads(pid: int) -> int:
    """Of a process; 0 where it is gone."""
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    return 0


async def workers(folder: Path, origin: Origin, kills: int, seed: int) -> Summary:
    """Two workers on SQLite."""
    settings = {**SETTINGS, "server.workers": WORKERS}
    installation = await asyncio.to_thread(found, folder / "gateway", hub_url=NOWHERE, settings=settings)
    fleet = await asyncio.to_thread(Workers, installation, origin)
    try:
        return await run(fleet, folder, kills, seed)
    finally:
        fleet.close()


async def nodes(folder: Path, origin: Origin, server: PostgresServer, kills: int, seed: int) -> Summary:
    """Two nodes on PostgreSQL."""
    database = server.empty_database()
    installation = await asyncio.to_thread(
        found, folder / "gateway", hub_url=NOWHERE, database=database, settings=SETTINGS
    )
    fleet = await asyncio.to_thread(Nodes, installation, origin, server)
    try:
        async with balanced(installation.port, fleet.ports):
            return await run(fleet, folder, kills, seed)
    finally:
        fleet.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: `python -m tests.crash.fleet`."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.fleet", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often to kill (50)")
    parser.add_argument("--seed", type=int, default=1, help="of every choice made (1)")
    parser.add_argument(
        "--workers", action="store_true", help="two workers on SQLite; otherwise two nodes on PostgreSQL"
    )
    parser.add_argument(
        "--cold", action="store_true", help="load the program anew at each start; otherwise it is forked"
    )
    given = parser.parse_args(arguments)
    with nullcontext(ColdStarts()) if given.cold else Spawner() as origin:
        summary = _summary(origin, given)
    print(json.dumps(asdict(summary)))
    sys.exit(1 if summary.faults else 0)


def _summary(origin: Origin, given: argparse.Namespace) -> Summary:
    folder = Path(tempfile.mkdtemp(prefix="fleet-"))
    if given.workers:
        summary = asyncio.run(workers(folder, origin, given.kills, given.seed))
    else:
        programs = binaries()
        if programs is None:
            sys.exit("PostgreSQL's programs are not installed")
        with tempfile.TemporaryDirectory(prefix="fleet-postgres-") as home:
            server = PostgresServer(programs, Path(home))
            try:
                summary = asyncio.run(nodes(folder, origin, server, given.kills, given.seed))
            finally:
                server.kill()
    shutil.rmtree(folder)
    return summary


if __name__ == "__main__":
    main()
