"""What a test of one fault does: send a document, wait until nothing is left to write, read what is left on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from gateway.client import Problem, Unreachable
from gateway.client.results import Accepted
from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, Paper, letter, one_page_pdf, seal
from gateway.store.engine import parse_url, reader_engine
from tests.crash.audit import Audit
from tests.crash.installation import Installation
from tests.crash.notebook import Line, Receipted, Seen
from tests.crash.parties import ONCE, client
from tests.crash.serving import Serving

WAIT_S_MAX = 120.0


@dataclass
class Disk:
    """What a process that is gone left behind, read from a copy: the files themselves wait for the next start."""

    entries: int
    signed: int
    dispatches: int
    attempts: list[str]
    """Outcomes; `open` where there is none."""
    statuses: list[str]
    blobs: int
    """Large attachments under their own names."""


def left_behind(installation: Installation, folder: Path) -> Disk:
    copy = installation.copy(folder)
    report = Audit(copy).look()
    assert report.sound, report
    engine = reader_engine(parse_url(copy.url), 1)
    with engine.connect() as connection:
        attempts = connection.execute(text("SELECT outcome FROM attempts ORDER BY number")).scalars().all()
        statuses = connection.execute(text("SELECT status FROM deliveries ORDER BY id")).scalars().all()
    engine.dispose()
    files = [path for path in copy.blobs.glob("??/*") if path.is_file()]
    outcomes = [one or "open" for one in attempts]
    return Disk(report.size, report.signed, report.dispatches, outcomes, list(statuses), len(files))


def paper(installation: Installation, number: int, *to: Player, size_bytes: int = 100) -> Paper:
    """A sealed document of the ministry to these agencies, with a page and a table of about `size_bytes`."""
    now, cast = datetime.now(UTC), installation.cast
    addressees = tuple((one.agency, one.name) for one in to)
    content = letter(cast.ministry, addressees, number, f"V/v việc số {number}", now)
    data = Enclosure("so-lieu.csv", "text/csv", b"%06d;" % number * (size_bytes // 7))
    return seal(content, (one_page_pdf(f"Document {number}"), data), cast.ministry, now)


async def submit(installation: Installation, packet: Paper) -> Accepted | Problem | Unreachable:
    """What the sender sees of one try."""
    async with client(installation, installation.cast.ministry.peer, ONCE) as gateway:
        try:
            return await gateway.submit(packet.file)
        except (Problem, Unreachable) as no:
            return no


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that must come."""
    deadline_s = time.monotonic() + WAIT_S_MAX
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.02)


async def settled(installation: Installation) -> None:
    """Every entry is under the checkpoint: nothing is left to write."""

    def signed() -> bool:
        report = Audit(installation).look()
        assert report.sound, report
        return report.signed == report.size

    await until(signed, "no checkpoint covers the last entry")


async def stopped_for_good(serving: Serving, packet: Paper) -> None:
    """The process is there, says that it cannot admit, and does not: neither this packet nor any other, ever."""
    await until(lambda: serving.readiness()[0] == 503, "ready although the disk failed")
    status, dependencies = serving.readiness()
    assert (status, dependencies["store"]) == (503, False)
    for again in (packet, paper(serving.installation, 99, serving.installation.cast.party)):
        refused = await submit(serving.installation, again)
        assert isinstance(refused, Problem)
        assert (refused.status, refused.reason) == (503, "unavailable.store")
        assert refused.retry_after_s


@dataclass
class Row:
    """One row under way: what was told to whom, and what is done to compare it in the end."""

    serving: Serving
    fault: str
    folder: Path

    def __post_init__(self) -> None:
        self.told: list[Line] = []

    @property
    def installation(self) -> Installation:
        return self.serving.installation

    async def died_or_stopped(self, packet: Paper) -> Disk:
        """The fault has happened: the gateway is gone, or stopped for good. What is on disk when it is gone."""
        if self.fault == "killed":
            await until(lambda: self.serving.ends_within(0), "it lives")
            assert self.serving.ended() == -9
        else:
            await stopped_for_good(self.serving, packet)
            self.serving.kill()
        return left_behind(self.installation, self.folder / "left")

    def receipted(self, accepted: Accepted | Problem | Unreachable) -> Accepted:
        """A receipt was given: from here on the register owes it."""
        assert isinstance(accepted, Accepted)
        peer = self.installation.cast.ministry.peer
        self.told.append(Receipted(accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, peer))
        return accepted

    async def see(self) -> None:
        """A monitor keeps the checkpoint that is published now."""
        async with client(self.installation, self.installation.cast.party.peer, ONCE) as gateway:
            self.told.append(Seen((await gateway.checkpoint()).decode()))

    async def see_nothing_new(self) -> None:
        """A monitor that asks now sees what it saw before, or hears that it has to come again."""
        (last,) = [one for one in self.told if isinstance(one, Seen)]
        try:
            await self.see()
        except Problem as no:
            assert no.reason == "unavailable.store"
        else:
            assert self.told[-1] == last

    async def start_again(self) -> None:
        await asyncio.to_thread(self.serving.start)

    async def sound_in_the_end(self, entries: int) -> None:
        """Everything is signed, everything told is so, and the ledger has so many entries."""
        await settled(self.installation)
        await self.see()
        report = Audit(self.installation).look(self.told)
        assert report.sound, report
        assert report.size == entries


@asynccontextmanager
async def row(serving: Serving, fault: str, folder: Path) -> AsyncIterator[tuple[Row, int]]:
    """A row, and how many entries the ledger has before it."""
    await settled(serving.installation)
    before = Audit(serving.installation).look().size
    yield Row(serving, fault, folder), before


def seen_by_sender(answer: Accepted | Problem | Unreachable) -> str:
    match answer:
        case Accepted(repeated=repeated):
            return "repeated" if repeated else "new"
        case Problem(status=status, reason=reason):
            return f"{status} {reason}"
        case Unreachable():
            return "broken"
