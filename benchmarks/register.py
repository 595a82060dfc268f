"""A register of many dispatches beside an empty one: the rate of the door, inboxes, status look-ups, by turns.

The large one is filled directly (`benchmarks/clones.py`); its ledger is integrated by the gateway's own sequencer. Both
run at the same time and are asked by turns, so that a busy machine is busy for both.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.clones import PROGRESS, Block, Register, Slots, copies
from benchmarks.crowd import HUB, crowd, key_of
from benchmarks.door import CONNECTIONS, Round, median, on_gateway
from benchmarks.gate import receipted
from benchmarks.installed import HOST, Installed, served, staged
from benchmarks.life import FINISHED
from benchmarks.load import fire, get, percentile_ms
from benchmarks.outcome import Cell, Goal, Outcome, Table
from benchmarks.packets import prepared, sealed_packets
from benchmarks.parties import Puller, submissions
from gateway import config
from gateway.app import open_line
from gateway.config import FILE_NAME
from gateway.demo.cast import Player
from gateway.demo.stage import Stage
from gateway.exchange.sequencer import Sequencer

ASKING = 1
EMPTY, LARGE = "empty", "large"
INBOX, STATUS, VERSIONS = "a page of an inbox", "a dispatch with its timeline", "its recalls, updates and replacements"
WAITING_SHARE = 100
"""Of so many documents one still waits."""
COMMUNES = 1_000
ENTRIES_PER_ROUND = 65_536
FALL_MAX, LOOK_UP_MS = 0.2, 10.0
LIVED, LEFT = 7_654_321, 7_654_322
"""Numbers of the two documents that are copied: unlike anything else in their rows."""
SETTLE_S_MAX = 30.0
SEED = 10


@dataclass(frozen=True, slots=True)
class Filled:
    """The large register: how it was made."""

    stage: Stage
    dispatches: int
    seconds: float
    megabytes: float
    some: list[str]
    """Dispatches to ask for."""


def measure(rows: int, asked: int, by_turns: int) -> Outcome:
    """So many dispatches; so many documents and questions at each of so many turns."""
    with ExitStack() as stack:
        stage = stack.enter_context(staged(enlarge=crowd(COMMUNES, own_systems=False)))
        blocks, lived = _patterns(stage)
        beside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-register-")))
        filled = _fill(_copied(stage, beside / "large"), blocks, rows)
        empty = stack.enter_context(served(stage))
        large = stack.enter_context(served(filled.stage))
        rates, latencies = _by_turns(empty, large, {EMPTY: [lived], LARGE: filled.some}, asked, by_turns)
    return _outcome(rates, latencies, filled, large.served.started_s, asked)


def _patterns(stage: Stage) -> tuple[tuple[Block, Block], str]:
    """A document that lived its life, and one that waits: what they leave behind; and the dispatch of the first."""
    cast, file = stage.cast, _file(stage)
    with served(stage) as gateway:
        ends = [_settled(file)]
        dispatch_id = asyncio.run(_live(gateway, LIVED, cast.silent, collected=True))
        ends.append(_settled(file))
        asyncio.run(_live(gateway, LEFT, cast.far, collected=False))
        ends.append(_settled(file))
    with closing(Register(file)) as register:
        lived, left = (
            register.block(
                *span,
                {
                    "addressee": addressee.agency, "collector": addressee.peer,
                    "sender": cast.ministry.agency, "submitter": cast.ministry.peer, "number": str(number),
                },
            )
            for span, addressee, number in ((ends[:2], cast.silent, LIVED), (ends[1:], cast.far, LEFT))
        )  # fmt: skip
    return (lived, left), dispatch_id


async def _live(gateway: Installed, number: int, addressee: Player, collected: bool) -> str:
    cast, at = gateway.stage.cast, datetime.now(UTC)
    to = ((addressee.agency, addressee.name),)
    packets = [prepared(one) for one in sealed_packets(cast.ministry, to, 1, at, random.Random(number), number)]
    load = await fire(HOST, gateway.port, submissions(gateway, cast.ministry.peer, packets), 1)
    if collected:
        await Puller(gateway, addressee.peer, FINISHED).pull(1)
        await Puller(gateway, cast.ministry.peer).pull(1)
    return receipted(load, packets)[0].dispatch_id


def _settled(file: Path) -> int:
    """How many entries the ledger has, once everybody who follows it has come so far."""
    until_s = time.monotonic() + SETTLE_S_MAX
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        while True:
            size = int(database.execute("SELECT size FROM ledger_head").fetchone()[0])
            places = [database.execute(f"SELECT {column} FROM {table}").fetchone() for table, column in PROGRESS]
            if size and all(place == (size,) for place in places):
                return size
            if time.monotonic() > until_s:
                raise RuntimeError(f"the ledger has {size} entries, and who follows it is at {places}")
            time.sleep(0.1)


def _copied(stage: Stage, folder: Path) -> Stage:
    shutil.copytree(stage.folder, folder)
    return replace(stage, folder=folder, config=folder / FILE_NAME)


def _fill(stage: Stage, blocks: tuple[Block, Block], rows: int) -> Filled:
    """Copies of both blocks until there are so many dispatches; then the ledger's tree over all of them."""
    began_s, file = time.perf_counter(), _file(stage)
    lived, left = blocks
    a_round = (WAITING_SHARE - 1) * len(lived.dispatches) + len(left.dispatches)
    count, some = max(rows * WAITING_SHARE // a_round, WAITING_SHARE), list[str]()
    made = copies(_pairs(lived, left), count, time.time_ns() // 1_000, random.Random(SEED))
    with closing(Register(file)) as register:
        register.fill(_noted(made, some, max(1, count // 2_000)))
    asyncio.run(_integrate(stage))
    seconds = time.perf_counter() - began_s
    return Filled(stage, count * a_round // WAITING_SHARE, seconds, file.stat().st_size / 1_048_576, some)


def _pairs(lived: Block, left: Block) -> Iterator[tuple[Block, dict[str, object]]]:
    """One in a hundred still waits; senders and addressees are communes, each with its share."""
    for number in itertools.count():
        who = {
            "addressee": key_of(number % COMMUNES),
            "sender": key_of((number * 7 + 1) % COMMUNES),
            "collector": HUB,
            "submitter": HUB,
            "number": f"{number}",
        }
        yield (left if number % WAITING_SHARE == 0 else lived), who


def _noted(made: Iterator[tuple[Block, Slots]], some: list[str], every: int) -> Iterator[tuple[Block, Slots]]:
    for number, (block, slots) in enumerate(made):
        if number % every == 0:
            some.append(str(slots["dispatch0"]))
        yield block, slots


async def _integrate(stage: Stage) -> None:
    async with open_line(config.load(stage.config)) as line:
        sequencer = Sequencer(line, ENTRIES_PER_ROUND)
        while await sequencer.once():
            pass


def _file(stage: Stage) -> Path:
    return Path(config.load(stage.config).store.url.removeprefix("sqlite:///"))


def _by_turns(
    empty: Installed, large: Installed, known: Mapping[str, Sequence[str]], asked: int, turns: int
) -> tuple[dict[str, list[Round]], dict[tuple[str, str], list[float]]]:
    """Rounds of the door of both; latencies of each question to both."""
    rates: dict[str, list[Round]] = {EMPTY: [], LARGE: []}
    latencies: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for turn in range(turns + 1):  # the first to warm
        for name, gateway in ((EMPTY, empty), (LARGE, large)):
            first_number = 1 + 100_000 * turn
            one = on_gateway(gateway, gateway.stage.cast.ministry, asked if turn else asked // 10 + 3, first_number)
            for question, request in _questions(gateway, name, known[name], asked, turn):
                load = asyncio.run(fire(HOST, gateway.port, request, ASKING))
                if set(load.statuses) != {200}:
                    raise RuntimeError(f"{question}: {dict(load.statuses)} {load.bodies[-1][:300]!r}")
                if turn:
                    latencies[name, question].extend(load.latencies_s)
            if turn:
                rates[name].append(one)
    return rates, latencies


def _questions(
    gateway: Installed, name: str, known: Sequence[str], asked: int, turn: int
) -> Iterator[tuple[str, list[bytes]]]:
    """What is asked of the doors, and the requests. Of the empty register, by those who have something there."""
    chance, count, cast = random.Random(turn), max(asked // 4, 20), gateway.stage.cast
    collector, sender = (
        gateway.bearer(one) for one in ((HUB, HUB) if name == LARGE else (cast.far.peer, cast.ministry.peer))
    )
    yield INBOX, [get(HOST, gateway.port, "/v1/inbox?limit=100", collector)] * count
    chosen = [chance.choice(known) for _ in range(count)]
    yield STATUS, [get(HOST, gateway.port, f"/v1/dispatches/{one}", sender) for one in chosen]
    yield VERSIONS, [get(HOST, gateway.port, f"/v1/dispatches/{one}/versions", sender) for one in chosen]


def _outcome(
    rates: dict[str, list[Round]],
    latencies: dict[tuple[str, str], list[float]],
    filled: Filled,
    started_s: float,
    asked: int,
) -> Outcome:
    empty, large = (median(rates[name], "rate") for name in (EMPTY, LARGE))
    doors: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(median(ones, figure) for figure in ("rate", "cpu_ms", "p50_ms", "p99_ms")))
        for name, ones in rates.items()
    )
    asked_rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            question,
            *(percentile_ms(latencies[name, question], share) for name in (EMPTY, LARGE) for share in (0.5, 0.99)),
        )
        for question in (INBOX, STATUS, VERSIONS)
    )
    caption = (
        f"{filled.dispatches:,} dispatches against none: {filled.megabytes:,.0f} MiB on SQLite, filled directly in "
        f"{filled.seconds:,.0f} s; start to ready {started_s:.1f} s. Medians of {len(rates[EMPTY])} turns of {asked:,} "
        f"documents, {CONNECTIONS} connections."
    )
    slowest = max(percentile_ms(latencies[LARGE, question], 0.5) for question in (INBOX, STATUS))
    at_empty = max(percentile_ms(latencies[EMPTY, question], 0.5) for question in (INBOX, STATUS))
    return Outcome(
        (
            Table(caption, ("", "documents/s", "server CPU ms/document", "p50 ms", "p99 ms"), doors),
            Table(
                f"Questions, one after another; 1 % of {filled.dispatches:,} wait in the inbox that is asked.",
                ("", "empty p50 ms", "p99 ms", "large p50 ms", "p99 ms"),
                asked_rows,
            ),
        ),
        (
            Goal(
                f"the rate falls, at {filled.dispatches:,} dispatches", 1 - large / empty, FALL_MAX, "of itself",
                at_least=False, reference=f"an empty register: {empty:,.0f} documents/s",
            ),
            Goal(
                f"inbox and status look-ups at {filled.dispatches:,} dispatches", slowest, LOOK_UP_MS, "ms",
                at_least=False, reference=f"an empty register: {at_empty:.1f} ms",
            ),
        ),
    )  # fmt: skip
