"""The crash matrix: each durable write of the line, failed, failed although it took effect, or the last thing done.

A row puts one fault under a running gateway, through the kernel; says what the sender saw; reads what is left on disk;
starts the gateway again; and audits register and ledger. The table is in docs/reliability.md.

`failed`: the call is refused with EIO and did nothing. `persisted`: the bytes were written, their flush was refused
with EIO. `killed`: SIGKILL with the bytes written, before anybody heard of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.client import Problem, Unreachable
from gateway.client.results import Accepted
from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, Paper, letter, one_page_pdf, seal
from gateway.store.engine import parse_url, reader_engine
from tests.crash.audit import Audit
from tests.crash.faults import BLOB_FLUSHES, FAILS, FLUSHES, KILLS, WRITES, injected
from tests.crash.hub import Hub, hub
from tests.crash.installation import INLINE_BYTES_MAX, Installation
from tests.crash.notebook import Line, Receipted, Seen
from tests.crash.parties import ONCE, client
from tests.crash.serving import Serving
from tests.http.town import awaited

pytestmark = pytest.mark.crash

WAIT_S_MAX = 20.0
FAULTS = {
    "failed": (WRITES, FAILS, "1"),
    "persisted": (FLUSHES, FAILS, "1"),
    "killed": (FLUSHES, KILLS, "1"),
}
"""On the thread that writes the database: calls, what happens, which call."""
BLOB_FAULTS = {
    "failed": (BLOB_FLUSHES, FAILS, "1"),
    "persisted": (BLOB_FLUSHES, FAILS, "3"),
    "killed": (BLOB_FLUSHES, KILLS, "3"),
}
"""Of an attachment: its own flush, or the last one, of the folder it was put into."""


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


def paper(installation: Installation, number: int, to: Player, size_bytes: int = 100) -> Paper:
    """A sealed document of the ministry to one agency."""
    now, cast = datetime.now(UTC), installation.cast
    content = letter(cast.ministry, ((to.agency, to.name),), number, f"V/v việc số {number}", now)
    data = Enclosure("so-lieu.csv", "text/csv", b"%d;" % number * (size_bytes // 2))
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


NO = {"failed": "503 unavailable.store", "persisted": "503 unavailable.store", "killed": "broken"}
"""What a sender sees whose packet met the fault: never a receipt."""


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_attachment_that_was_not_made_durable_is_no_dispatch(
    serving: Serving, tmp_path: Path, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        packet = paper(serving.installation, 1, serving.installation.cast.party, 4 * INLINE_BYTES_MAX)
        with injected(serving, *BLOB_FAULTS[fault]):
            answer = await submit(serving.installation, packet)
            assert seen_by_sender(answer) == NO[fault]
            left = await this.died_or_stopped(packet)
        assert (left.dispatches, left.entries) == (0, before)
        assert left.blobs == (0 if fault == "failed" else 1)
        await this.start_again()
        assert not list((serving.installation.blobs / "incoming").iterdir())
        assert not this.receipted(await submit(serving.installation, packet)).repeated
        await this.sound_in_the_end(before + 1)


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_admission_whose_commit_failed_is_no_receipt(serving: Serving, tmp_path: Path, fault: str) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        packet = paper(serving.installation, 1, serving.installation.cast.party)
        with injected(serving, *FAULTS[fault]):
            answer = await submit(serving.installation, packet)
            assert seen_by_sender(answer) == NO[fault]
            left = await this.died_or_stopped(packet)
        kept = fault != "failed"
        assert (left.dispatches, left.entries) == (int(kept), before + kept)
        await this.start_again()
        assert this.receipted(await submit(serving.installation, packet)).repeated is kept
        await this.sound_in_the_end(before + 1)


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_attempt_that_was_not_registered_is_not_made(
    serving: Serving, tmp_path: Path, hub_port: int, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before), hub(hub_port, busy=True) as played:
        packet = paper(serving.installation, 1, serving.installation.cast.hub)
        this.receipted(await submit(serving.installation, packet))
        await until(lambda: bool(played.pushes), "nothing was pushed")
        await settled(serving.installation)
        await this.see()
        with injected(serving, *FAULTS[fault]):
            left = await this.died_or_stopped(packet)
        assert len(played.pushes) == 1
        assert left.attempts == (["deferred"] if fault == "failed" else ["deferred", "open"])
        played.busy = False
        await this.start_again()
        await acknowledged(this, played)
        assert len(played.pushes) == 2
        await this.sound_in_the_end(before + 2)


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_outcome_that_was_not_recorded_is_asked_for_again(
    serving: Serving, tmp_path: Path, hub_port: int, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before), hub(hub_port, silent=True) as played:
        packet = paper(serving.installation, 1, serving.installation.cast.hub)
        this.receipted(await submit(serving.installation, packet))
        await until(lambda: bool(played.pushes), "nothing was pushed")
        await settled(serving.installation)
        await this.see()
        with injected(serving, *FAULTS[fault]):
            played.open.set()
            left = await this.died_or_stopped(packet)
        kept = fault != "failed"
        assert (left.statuses, left.attempts) == ((["acknowledged"], ["delivered"]) if kept else (["queued"], ["open"]))
        await this.start_again()
        await acknowledged(this, played)
        assert len(played.pushes) == (1 if kept else 2)
        assert len(set(played.pushes)) == 1
        await this.sound_in_the_end(before + 2)


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_a_checkpoint_that_was_not_kept_is_not_published(serving: Serving, tmp_path: Path, fault: str) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        party = serving.installation.cast.party
        this.receipted(await submit(serving.installation, paper(serving.installation, 1, party)))
        await settled(serving.installation)
        await this.see()
        packet = paper(serving.installation, 2, party)
        this.receipted(await submit(serving.installation, packet))  # the next checkpoint comes a second after the last
        with injected(serving, *FAULTS[fault]):
            if fault != "killed":
                await until(lambda: serving.readiness()[0] == 503, "the fault did not happen")
                await this.see()
                assert this.told[-1] == this.told[1]
            left = await this.died_or_stopped(packet)
        assert (left.entries, left.signed) == (before + 2, before + 1 + (fault != "failed"))
        await this.start_again()
        assert this.receipted(await submit(serving.installation, packet)).repeated
        await this.sound_in_the_end(before + 2)


async def acknowledged(this: Row, played: Hub) -> None:
    """The hub has the packet, and the register says so."""
    (told,) = [one for one in this.told if isinstance(one, Receipted)]

    async with client(this.installation, this.installation.cast.ministry.peer, ONCE) as gateway:
        deadline_s = time.monotonic() + WAIT_S_MAX
        while True:
            (delivery,) = (await gateway.status(told.dispatch_id)).deliveries
            if delivery.status == "acknowledged":
                break
            assert time.monotonic() < deadline_s, (delivery, played.pushes)
            await asyncio.sleep(0.05)
    assert [one.event for one in delivery.timeline].count("acknowledged") == 1
