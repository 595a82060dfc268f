"""kill -9 at random moments under load, again and again: `python -m tests.crash --cycles 1000`.

A gateway serves a real database; peers send, collect, answer, are pushed to and watch the ledger. After a random 50 to
2,000 ms it is killed with SIGKILL, started again over what it left, and everything the peers were told is looked for in
the register and the ledger. The last line printed is a JSON summary; the exit status is 0 where nothing was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from gateway.ledger import check_case
from tests.crash.audit import Audit, Found
from tests.crash.installation import Installation, found, free_port
from tests.crash.notebook import Answered, Notebook, Receipted, of_kind
from tests.crash.parties import Parties, client, endpoint
from tests.crash.replaying import replayed
from tests.crash.serving import Serving
from tests.crash.spawner import ColdStarts, Origin, Spawner
from tests.postgres import PostgresServer, binaries

ALIVE_S = (0.05, 2.0)
REPEATS_A_CYCLE = 5
PROOFS_AT_THE_END = 20
REST_S_MAX = 120.0
"""How long, at the end, the ledger may take to catch up."""


@dataclass
class Summary:
    """The last line."""

    cycles: int = 0
    """SIGKILLs."""
    seed: int = 0
    engine: str = ""
    receipted: int = 0
    answered: int = 0
    """Deliveries whose acknowledgement or refusal was confirmed to the addressee."""
    repeated: int = 0
    """Receipted packets sent once more after a crash: the same receipt each time, or it counts as wrong."""
    pushed: int = 0
    """Pushes that arrived; each delivery at least once."""
    entries: int = 0
    checkpoints: int = 0
    """Checkpoints compared with the tree of the entries."""
    proofs_checked: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    recovery_s_p50: float = 0.0
    """From the start of the process to its first answer."""
    recovery_s_max: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def take(self, report: Found) -> None:
        """Add what an audit found."""
        self.checkpoints += report.checkpoints
        self.lost += len(report.lost)
        self.doubled += len(report.doubled)
        self.wrong += len(report.wrong)
        self.faults += [*report.lost, *report.doubled, *report.wrong]

    def blame(self, fault: str) -> None:
        """Add what a peer found."""
        self.wrong += 1
        self.faults.append(fault)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


class Loop:
    """One installation, its peers, and the crashes they live through."""

    def __init__(self, installation: Installation, origin: Origin, folder: Path, hub_port: int, seed: int) -> None:
        self._installation, self._hub_port = installation, hub_port
        self._chance = random.Random(seed)
        self._serving = Serving(installation, origin)
        self._notebook = Notebook(folder / "notebook.jsonl")
        (folder / "fetched").mkdir()
        self._parties = Parties(installation, self._notebook, seed, folder / "fetched")
        self._audit = Audit(installation)
        self._recoveries_s: list[float] = []
        engine = "postgresql" if installation.url.startswith("postgresql") else "sqlite"
        self._summary = Summary(seed=seed, engine=engine)

    async def run(self, cycles: int, seconds_max: float = math.inf) -> Summary:
        """So many kills, or as many as the time allows; then a last start, an audit of everything, and proofs."""
        began_s, summary = time.monotonic(), self._summary
        try:
            async with endpoint(self._parties, self._hub_port, random.Random(summary.seed)), self._watched():
                async with self._parties.at_work():
                    while summary.cycles < cycles and time.monotonic() - began_s < seconds_max:
                        await self._live_and_die()
                    await self._start()
                await self._catch_up()
                await self._compare(Audit(self._installation))
                await self._prove()
            await asyncio.to_thread(self._serving.stop)
        finally:
            self._serving.close()
            self._notebook.close()
        summary.receipted = len(of_kind(self._notebook.lines, Receipted))
        summary.answered = len(of_kind(self._notebook.lines, Answered))
        summary.pushed, summary.entries = self._parties.pushed, self._audit.size
        summary.recovery_s_p50 = round(median(self._recoveries_s), 2)
        summary.recovery_s_max = round(max(self._recoveries_s), 2)
        summary.seconds = round(time.monotonic() - began_s, 1)
        return summary

    async def _live_and_die(self) -> None:
        """One cycle. The time of death is spread over the orders of magnitude: most that can go wrong goes early."""
        await self._start()
        shortest_s, longest_s = ALIVE_S
        await asyncio.sleep(shortest_s * (longest_s / shortest_s) ** self._chance.random())
        await asyncio.to_thread(self._serving.kill)
        self._summary.cycles += 1

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """A gateway that ends although nobody killed it ends the loop: the peers would wait for it for ever."""

        async def watch() -> None:
            while not self._serving.ended_by_itself:
                await asyncio.sleep(0.1)
            raise AssertionError(self._serving.log)

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            yield
            watching.cancel()

    async def _start(self) -> None:
        """Start over what is there, look whether it is all there, and send some of it once more."""
        self._recoveries_s.append(await asyncio.to_thread(self._serving.start))
        await self._compare(self._audit)
        await self._replay()
        sent, self._parties.sent = self._parties.sent, []
        for paper, accepted in self._chance.sample(sent, min(REPEATS_A_CYCLE, len(sent))):
            self._summary.repeated += 1
            if difference := await self._parties.again(paper, accepted):
                self._summary.blame(difference)

    async def _compare(self, audit: Audit) -> None:
        told = list(self._notebook.lines)  # written before the audit looks, so it must find all of it
        report = await asyncio.to_thread(audit.look, told)
        self._summary.take(report)

    async def _replay(self) -> None:
        """The ledger alone tells the register that is there."""
        for difference in await asyncio.to_thread(replayed, self._installation):
            self._summary.blame(str(difference))

    async def _catch_up(self) -> None:
        """The ledger's tree covers every entry, without anything being sent."""
        until_s = time.monotonic() + REST_S_MAX
        while True:
            report = await asyncio.to_thread(self._audit.look, list(self._notebook.lines))
            self._summary.take(report)
            if report.signed == report.size:
                return
            if time.monotonic() > until_s:
                self._summary.blame(f"{report.size} entries, {report.signed} signed after {REST_S_MAX} s")
                return
            await asyncio.sleep(0.2)

    async def _prove(self) -> None:
        """Dispatches of the whole run, proven to somebody who has only the case file and the ledger's public key."""
        receipted = of_kind(self._notebook.lines, Receipted)
        async with client(self._installation, self._installation.cast.ministry.peer) as gateway:
            for one in self._chance.sample(receipted, min(PROOFS_AT_THE_END, len(receipted))):
                report = check_case(await gateway.proof(one.dispatch_id), self._installation.vkey)
                self._summary.proofs_checked += 1
                if not report.holds:
                    self._summary.blame(f"the proof of {one.dispatch_id}: {report.wrong}")


def crash(
    folder: Path, origin: Origin, *, cycles: int, seed: int, database: str | None, seconds_max: float = math.inf
) -> Summary:
    """Found an installation in a folder and kill it so many times. `database`: URL of an empty one, None: SQLite."""
    hub_port = free_port()
    installation = found(folder / "gateway", hub_url=f"http://127.0.0.1:{hub_port}/", database=database)
    return asyncio.run(Loop(installation, origin, folder, hub_port, seed).run(cycles, seconds_max))


@contextmanager
def _origin(cold: bool) -> Iterator[Origin]:
    if cold:
        yield ColdStarts()
        return
    with Spawner() as spawner:
        yield spawner


@contextmanager
def _database(url: str | None) -> Iterator[str | None]:
    """The database to use; for `postgresql` a server of our own, where no other is named."""
    if url != "postgresql":
        yield url
        return
    programs = binaries()
    if programs is None:
        sys.exit("PostgreSQL's programs are not installed; name a server with --url postgresql://…")
    with tempfile.TemporaryDirectory(prefix="crash-postgres-") as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            yield server.empty_database()
        finally:
            server.kill()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: `python -m tests.crash`."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20, help="how often to kill (20)")
    parser.add_argument("--seed", type=int, default=1, help="of every choice made (1)")
    parser.add_argument("--url", help="an empty database; `postgresql` starts a server for it; without: SQLite")
    parser.add_argument("--cold", action="store_true", help="load the program anew at each start, as an operator does")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no further cycle after so many")
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    with _database(given.url) as database, _origin(given.cold) as origin:
        summary = crash(
            folder, origin, cycles=given.cycles, seed=given.seed, database=database, seconds_max=given.seconds
        )
    for fault in summary.faults:
        print(fault, file=sys.stderr)
    if summary.sound:
        shutil.rmtree(folder)
    else:
        print(f"kept for whoever looks into it: {folder}", file=sys.stderr)
    print(json.dumps(asdict(summary)))
    sys.exit(0 if summary.sound else 1)
