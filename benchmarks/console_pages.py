"""What every page of the console costs the server when a million dispatches lie in the register, on either engine.

`python -m benchmarks.console_pages [--dispatches N] [--agencies N] [--rounds N] [--engine sqlite|postgresql]`

Each page is asked for in turn over HTTP, on one connection, as a browser does. Times are by the clock from the question
to the last byte: the median, the fastest and the slowest of the rounds; on a busy machine the fastest says most. CPU is
of the gateway's own process, with the asking client in it; PostgreSQL's processes are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.console_fill import WEBHOOK, Filling, country
from gateway.cli import diagnostics
from gateway.config import Log
from gateway.exchange import oddities
from gateway.exchange.acts import Actor, operator_act
from gateway.exchange.directory_proposals import propose
from gateway.exchange.overview import connected
from gateway.exchange.sequencer import Sequencer
from gateway.exchange.watch import refresh_directory
from gateway.model.agency import Directory, DirectoryAct
from gateway.store import PutDirectory, Store, queries
from gateway.store.acts import Act
from tests.http.console.papers import delivery_of, fetched, sent
from tests.http.console.visitor import EVERYBODY, Visitor, settle
from tests.http.town import PROVINCE, Clock, Town, open_line, town
from tests.postgres import PostgresServer, binaries

ENTRIES_PER_CHECKPOINT = 65_536
OVER_MS, OVER_BYTES = 100, 100_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page cost, round by round."""

    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    size_bytes: int


def main() -> None:
    """Measure and print, as Markdown."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.console_pages", description=__doc__.splitlines()[0])
    asked.add_argument("--dispatches", type=int, default=1_000_000)
    asked.add_argument("--agencies", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=15)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    options = asked.parse_args()
    diagnostics.configure(Log(level="error"))
    for engine in options.engine or ("sqlite", "postgresql"):
        with TemporaryDirectory(prefix="console-pages-") as folder:
            Path(folder).chmod(0o755)
            costs = _on(engine, Path(folder), Filling(options.dispatches, options.agencies), options.rounds)
        print(f"\n{options.dispatches:,} dispatches, {options.agencies:,} agencies, {engine}:\n")
        _tell(costs)


def _on(engine: str, folder: Path, filling: Filling, rounds: int) -> dict[str, Cost]:
    if engine == "sqlite":
        url = f"sqlite:///{folder / 'register.db'}"
        Store.create(url)
        filling.into(url)
        return asyncio.run(measured(url, folder, filling.agencies, rounds))
    programs = binaries()
    assert programs is not None, "PostgreSQL is installed (.ci/packages)"
    (cluster := folder / "pg").mkdir()
    server = PostgresServer(programs, cluster)
    try:
        url = server.fresh_database()
        filling.into(url)
        return asyncio.run(measured(url, folder, filling.agencies, rounds))
    finally:
        server.kill()


async def measured(url: str, home: Path, agencies: int, rounds: int) -> dict[str, Cost]:
    """The cost of every page, over a database that was filled."""
    await seal(url, home)
    async with town(home, url=url) as here:
        await put_people(here, country(agencies))
        dispatch_id = await sent(here, "G22.1", (PROVINCE,))
        delivery_id = await delivery_of(here, dispatch_id)
        await fetched(here, delivery_id)
        visitors = {person.key: await Visitor(here).enter(person.key) for person in EVERYBODY}
        await propose_all(here)
        costs = {}
        for who, path in _pages(dispatch_id, delivery_id, await admitted_as(here, dispatch_id)):
            costs[f"{path.replace(dispatch_id, 'ID').replace(delivery_id, 'ID')} ({who})"] = await _cost(
                here, visitors[who], path, rounds
            )
        return costs


async def put_people(here: Town, agencies: Directory) -> None:
    """Let people into a town that is a whole country."""
    await here.line.store.write(PutDirectory(agencies, here.clock(), act=DirectoryAct.IMPORT, by="@bench"))
    await settle(here)
    await refresh_directory(here.line)
    await connected(here.line)


async def seal(url: str, home: Path) -> None:
    """Put every entry under a checkpoint, and look through all of them for what is odd, as the gateway would have."""
    store = Store.open(url, home / "blobs")
    line = open_line(store, home, Clock())
    sequencer = Sequencer(line, ENTRIES_PER_CHECKPOINT)
    try:
        while await sequencer.once():
            pass
        while await oddities.follow(line):
            pass
    finally:
        store.close()


async def propose_all(here: Town) -> None:
    """Propose that every agency be called something else: the longest proposal there can be."""
    line, who = here.line, Actor("@bench", "0" * 64)
    renamed = tuple(replace(one, name=f"{one.name} mới") for one in line.directory.agencies)

    def act_of(action: str, subject: str) -> Act:
        return operator_act(who, action, subject, "sáp nhập", b"s" * 16, here.clock())

    await propose(line.store, line.directory, renamed, "@bench", here.clock(), act_of)


async def admitted_as(here: Town, dispatch_id: str) -> int:
    """The entry of the ledger that says a dispatch was admitted."""
    seen = await here.line.store.read(queries.dispatch, dispatch_id)
    assert seen is not None
    return seen.ledger_index


def _pages(dispatch_id: str, delivery_id: str, index: int) -> list[tuple[str, str]]:
    """Every page of people, by whoever looks at it: `lan` and `hoa` are clerks of the ministry and of the province.
    What is behind POST is a file to download."""
    year = "since=2025-11-24&until=2026-11-23"
    clerk = ["/today", "/search?q=hội+nghị", "/search?q=7816", "/books", "/books?book=incoming", "/check"]
    evidence = f"evidence/{index}/SubmissionAcceptance"
    auditor = [
        *("/ledger", "/ledger/1000", "/dispatches", f"/dispatches/{dispatch_id}", "/acts", "/anomalies"),
        *(f"/anomalies?{year}", f"/anomalies?{year}&kind=numbering_gap", f"/anomalies?{year}&kind=odd_hours"),
        *(f"/dispatches/{dispatch_id}/{evidence}", f"POST /dispatches/{dispatch_id}/case"),
    ]
    lists = [f"/deliveries?which={which}" for which in ("waiting", "held", "failed")]
    operator = [
        *("/health", *lists, f"/deliveries/{delivery_id}", "/peers", "/peers/tinh", "/webhooks"),
        *(f"/webhooks/{WEBHOOK}", "/tables", "/directory", "/directory/proposals/1"),
        *("/flow?days=7", "/flow?days=30"),
    ]
    steering = ["/overview", "/overview?period=2026", "/overview?period=2026&level=commune"]
    return [
        *(("lan", path) for path in (*clerk, f"/documents/{dispatch_id}", "/account")),
        ("lan", f"POST /documents/{dispatch_id}/case"),
        ("hoa", "/today"),
        *(("minh", path) for path in auditor),
        *(("tuan", path) for path in operator),
        *(("binh", path) for path in steering),
    ]


async def _cost(here: Town, visitor: Visitor, path: str, rounds: int) -> Cost:
    await visitor.go(path.removeprefix("POST ").removesuffix("/case"))  # a page whose form it is, or itself
    size = await _asked(visitor, path)
    assert visitor.status == 200, (path, visitor.status, visitor.page[:2000])
    wall, cpu = [], []
    for _ in range(rounds):
        await asyncio.sleep(0.02)
        started_s, worked_s = time.perf_counter(), time.process_time()
        await _asked(visitor, path)
        wall.append((time.perf_counter() - started_s) * 1000)
        cpu.append((time.process_time() - worked_s) * 1000)
    return Cost(tuple(wall), tuple(cpu), size)


async def _asked(visitor: Visitor, path: str) -> int:
    """The size of what was asked for, in bytes."""
    if path.startswith("POST "):
        return len(await visitor.take(path.removeprefix("POST "), reason="thanh tra"))
    return len((await visitor.go(path)).page.encode())


def _tell(costs: dict[str, Cost]) -> None:
    print("| page | median, ms | fastest | slowest | CPU, ms | KB |\n|---|--:|--:|--:|--:|--:|")
    for name, one in costs.items():
        median = statistics.median(one.wall_ms)
        times = f"{median:.0f} | {min(one.wall_ms):.0f} | {max(one.wall_ms):.0f} | {statistics.median(one.cpu_ms):.0f}"
        over = " **!**" if min(one.wall_ms) > OVER_MS or one.size_bytes > OVER_BYTES else ""
        print(f"| `{name}`{over} | {times} | {one.size_bytes / 1000:.0f} |", flush=True)


if __name__ == "__main__":
    main()
