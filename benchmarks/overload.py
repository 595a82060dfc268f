"""Five times what the door can take: who is taken in, who is sent away, and what becomes of a modest neighbour.

`python -m benchmarks.overload`. The capacity is measured first, by connections that wait for their answers. Then
requests come at five times that rate, whether answers come or not, while a second system sends five documents a second,
some drip their bodies, and hundreds of connections say nothing. At the end every receipt is looked for in the register.
A latency is reckoned from the instant a request was due, so a door that makes its callers queue cannot hide it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from benchmarks.packets import form
from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, letter, seal
from gateway.store.engine import parse_url, reader_engine
from gateway.store.schema import dispatches
from tests.crash.installation import Installation, found
from tests.crash.serving import Serving
from tests.crash.spawner import ColdStarts, Origin

NEIGHBOUR_PER_S = 5.0
CLOSED_CONNECTIONS, NEIGHBOURS_CONNECTIONS = 16, 8
ATTACHMENT_BYTES = 20_000
GIVEN_UP_S = 1.0
"""A request that finds no free connection for so long is not sent any more: its caller has gone."""
NORMAL_S = 0.25
"""A slower answer is none of a calm door."""
NEIGHBOURS_ADDRESS, IDLERS_ADDRESS = "127.0.0.2", "127.0.0.3"


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it. Rates are a second; latencies are those of the storm, in milliseconds."""

    capacity: float
    offered: float
    accepted: float
    sent_away: float
    never_sent: float
    accepted_p50_ms: float
    accepted_p99_ms: float
    sent_away_p50_ms: float
    sent_away_p99_ms: float
    neighbour_accepted_share: float
    neighbour_p99_ms: float
    other_answers: int
    """Anything but 201, 200 and 503 with Retry-After."""
    normal_after_s: float
    """After the storm, until nobody was sent away and nobody waited long any more."""
    receipts: int
    lost: int


@dataclass
class Answers:
    """What requests of one kind were answered."""

    accepted: list[tuple[float, float]] = field(default_factory=list)
    """When (seconds of the run), and after how many seconds."""
    away: list[tuple[float, float]] = field(default_factory=list)
    other: list[bytes] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)
    never_sent: int = 0

    @property
    def asked(self) -> int:
        """Whatever came of it."""
        return len(self.accepted) + len(self.away) + len(self.other) + self.never_sent


class Supply:
    """Packets to send. One that was sent away is sent again, as its system would."""

    def __init__(self, installation: Installation, sender: Player, path: str = "/v1/packets") -> None:
        self._sender, self._addressee = sender, installation.cast.silent
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: truc\r\nAuthorization: Bearer {installation.tokens[sender.peer]}\r\n"
        )
        self._ready: list[bytes] = []
        self._numbers, self._chance = itertools.count(1), random.Random(sender.peer)

    def prepare(self, count: int) -> None:
        """Have so many at hand, so that sealing them takes nobody's time later."""
        while len(self._ready) < count:
            self._ready.append(self._new())

    def take(self) -> bytes:
        return self._ready.pop() if self._ready else self._new()

    def give_back(self, request: bytes) -> None:
        self._ready.insert(0, request)

    def _new(self) -> bytes:
        now, to = datetime.now(UTC), self._addressee
        scan = Enclosure("van-ban.pdf", "application/pdf", b"%PDF-1.7\n" + self._chance.randbytes(ATTACHMENT_BYTES))
        written = letter(self._sender, ((to.agency, to.name),), next(self._numbers), "V/v phối hợp", now)
        body, content_type = form(seal(written, (scan,), self._sender, now))
        return f"{self._head}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """One kept-alive connection of a system; opened anew where the door closed it."""

    def __init__(self, port: int, address: str | None = None) -> None:
        self._port, self._address = port, address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer. OSError, IncompleteReadError where there is none."""
        if self._streams is None:
            here = (self._address, 0) if self._address else None
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, local_addr=here)
        reader, writer = self._streams
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            body = await (reader.readexactly(int(size)) if size else reader.read())
        except BaseException:
            self.close()
            raise
        if b"connection: close" in head:
            self.close()
        return head, body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


class Load:
    """Requests of one system, each at its instant, over so many connections."""

    def __init__(self, port: int, supply: Supply, connections: int, address: str | None = None) -> None:
        self._answers = Answers()
        self._supply = supply
        self._due: asyncio.Queue[float] = asyncio.Queue()
        self._connections = [Connection(port, address) for _ in range(connections)]

    async def closed(self, seconds: float) -> Answers:
        """As fast as answers come."""
        until_s = time.monotonic() + seconds

        async def one(connection: Connection) -> None:
            while time.monotonic() < until_s:
                await self._ask(connection, time.monotonic())

        await asyncio.gather(*map(one, self._connections))
        return self._ended()

    async def opened(self, per_s: float, seconds: float) -> Answers:
        """At this rate, whatever the answers."""
        serving = [asyncio.create_task(self._serve(one)) for one in self._connections]
        began_s = time.monotonic()
        for number in range(int(per_s * seconds)):
            if (wait_s := began_s + number / per_s - time.monotonic()) > 0.002:
                await asyncio.sleep(wait_s)
            self._due.put_nowait(began_s + number / per_s)
        await self._due.join()
        for task in serving:
            task.cancel()
        return self._ended()

    def _ended(self) -> Answers:
        for one in self._connections:
            one.close()
        return self._answers

    async def _serve(self, connection: Connection) -> None:
        while True:
            due_s = await self._due.get()
            try:
                if time.monotonic() - due_s > GIVEN_UP_S:
                    self._answers.never_sent += 1
                else:
                    await self._ask(connection, due_s)
            finally:
                self._due.task_done()

    async def _ask(self, connection: Connection, due_s: float) -> None:
        request, answers = self._supply.take(), self._answers
        try:
            head, body = await connection.ask(request)
        except (OSError, asyncio.IncompleteReadError) as error:
            answers.other.append(repr(error).encode())
            self._supply.give_back(request)
            return
        now_s = time.monotonic()
        if head[9:12] in {b"200", b"201"}:
            answers.accepted.append((now_s, now_s - due_s))
            answers.receipts.add(json.loads(body)["dispatch_id"])
            return
        self._supply.give_back(request)
        if head[9:12] == b"503" and b"retry-after:" in head:
            answers.away.append((now_s, now_s - due_s))
        else:
            answers.other.append(head + body)


@asynccontextmanager
async def nuisances(installation: Installation, idle: int, slow: int) -> AsyncIterator[None]:
    """Connections that say nothing, and systems that drip their bodies, until the block ends."""
    port = installation.port
    token = installation.tokens[installation.cast.other.peer]
    head = f"POST /v1/packets HTTP/1.1\r\nHost: truc\r\nAuthorization: Bearer {token}\r\n".encode()
    head += b"Content-Type: application/xml\r\nContent-Length: 100000\r\n\r\n"

    async def opened() -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(IDLERS_ADDRESS, 0))
        return writer

    async def drip() -> None:
        while True:
            writer = await opened()
            try:
                writer.write(head)
                while not writer.is_closing():
                    await asyncio.sleep(0.5)
                    writer.write(b"<")
            finally:
                writer.transport.abort()

    writers = [await opened() for _ in range(idle)]
    dripping = [asyncio.create_task(drip()) for _ in range(slow)]
    try:
        yield
    finally:
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()


async def overload(
    seconds: float = 10.0,
    times: float = 5.0,
    calm_s: float = 4.0,
    connections: int = 400,
    idle: int = 300,
    slow: int = 40,
    origin: Origin | None = None,
    database: str | None = None,
) -> Figures:
    """A calm, a storm of so many seconds and times the capacity, and a calm; in one process.

    `connections` of the storm, `idle` ones that say nothing, and `slow` ones that drip their bodies; `origin`: how the
    gateway is started; `database`: the URL of an empty one, None: SQLite.
    """
    with tempfile.TemporaryDirectory(prefix="overload-") as folder:
        installation = await asyncio.to_thread(
            found, Path(folder) / "gateway", hub_url="http://127.0.0.1:9/", database=database
        )
        serving = Serving(installation, origin or ColdStarts())
        await asyncio.to_thread(serving.start)
        try:
            return await _stormed(
                installation, seconds, times, calm_s, connections, nuisances(installation, idle, slow)
            )
        finally:
            await asyncio.to_thread(serving.close)


async def _stormed(
    installation: Installation,
    seconds: float,
    times: float,
    calm_s: float,
    connections: int,
    nuisance: AbstractAsyncContextManager[None],
) -> Figures:
    cast, port = installation.cast, installation.port
    supply, neighbours = Supply(installation, cast.ministry), Supply(installation, cast.department)
    supply.prepare(int(200 * calm_s))
    answers = [await Load(port, supply, CLOSED_CONNECTIONS).closed(calm_s / 4)]
    answers.append(await Load(port, supply, CLOSED_CONNECTIONS).closed(calm_s))
    capacity = len(answers[-1].accepted) / calm_s
    supply.prepare(int(1.2 * capacity * seconds))
    neighbours.prepare(int(NEIGHBOUR_PER_S * 2 * seconds))
    async with nuisance:
        began_s = time.monotonic()
        storm, modest = await asyncio.gather(
            Load(port, supply, connections).opened(times * capacity, seconds),
            Load(port, neighbours, NEIGHBOURS_CONNECTIONS, NEIGHBOURS_ADDRESS).opened(NEIGHBOUR_PER_S, seconds),
        )
        took_s, ended_s = time.monotonic() - began_s, time.monotonic()
        after = await Load(port, supply, CLOSED_CONNECTIONS).opened(capacity / 2, calm_s)
    troubled = [at_s for at_s, _ in after.away]
    troubled += [at_s for at_s, waited_s in after.accepted if waited_s > NORMAL_S]
    answers += [storm, modest, after]
    receipts = set[str]().union(*(one.receipts for one in answers))
    return Figures(
        capacity=round(capacity, 1),
        offered=round(times * capacity, 1),
        accepted=round(len(storm.accepted) / took_s, 1),
        sent_away=round(len(storm.away) / took_s, 1),
        never_sent=round(storm.never_sent / took_s, 1),
        accepted_p50_ms=_ms(storm.accepted, 0.5),
        accepted_p99_ms=_ms(storm.accepted, 0.99),
        sent_away_p50_ms=_ms(storm.away, 0.5),
        sent_away_p99_ms=_ms(storm.away, 0.99),
        neighbour_accepted_share=round(len(modest.accepted) / max(1, modest.asked), 3),
        neighbour_p99_ms=_ms(modest.accepted, 0.99),
        other_answers=sum(len(one.other) for one in answers),
        normal_after_s=round(max(troubled, default=ended_s) - ended_s, 2),
        receipts=len(receipts),
        lost=len(receipts - _register(installation)),
    )


def _ms(answers: Sequence[tuple[float, float]], share: float) -> float:
    ordered = sorted(waited_s for _, waited_s in answers)
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) if ordered else 0.0


def _register(installation: Installation) -> set[str]:
    """The dispatches that are there."""
    engine = reader_engine(parse_url(installation.url), 1)
    try:
        with engine.connect() as connection:
            return set(connection.scalars(select(dispatches.c.id)))
    finally:
        engine.dispose()


def main() -> None:
    """The command; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of the storm (10)")
    parser.add_argument("--times", type=float, default=5.0, help="times the capacity (5)")
    parser.add_argument("--connections", type=int, default=400, help="of the storm (400)")
    given = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(overload(given.seconds, given.times, connections=given.connections)))))


if __name__ == "__main__":
    main()
