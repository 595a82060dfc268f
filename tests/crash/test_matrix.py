"""The crash matrix: each durable write of the line, failed, failed although it took effect, or the last thing done.

A row puts one fault under a running gateway, through the kernel; says what the sender saw; reads what is left on disk;
starts the gateway again; and audits register and ledger. The table is in docs/reliability.md.

`failed`: the call is refused with EIO and did nothing. `persisted`: the bytes were written, their flush was refused
with EIO. `killed`: SIGKILL with the bytes written, before anybody heard of it.

Where the database is a server, its commits are not calls of ours: there the cable breaks, and stays broken, before the
commit (`failed`) or with it done and no answer (`persisted`), or the gateway is killed at that point. What the sender
sees and what is left is the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.crash.cable import Cable
from tests.crash.faults import BLOB_FLUSHES, FAILS, FLUSHES, KILLS, WRITES, injected
from tests.crash.hub import Hub, hub
from tests.crash.installation import INLINE_BYTES_MAX
from tests.crash.notebook import Receipted
from tests.crash.parties import ONCE, client
from tests.crash.rows import WAIT_S_MAX, Row, paper, row, seen_by_sender, settled, submit, until
from tests.crash.serving import Serving
from tests.http.town import awaited

pytestmark = pytest.mark.crash

AtCommit = Callable[[str], AbstractContextManager[None]]
"""The name of a fault, and the block in which it happens."""

FAULTS = {
    "failed": (WRITES, FAILS, "1"),
    "persisted": (FLUSHES, FAILS, "1"),
    "killed": (FLUSHES, KILLS, "1"),
}
"""On the thread that writes the database: calls, what happens, which call."""
CUTS = {"failed": "before", "persisted": "after", "killed": "after"}
"""Of the cable to a server: on which side of the commit."""
BLOB_FAULTS = {
    "failed": (BLOB_FLUSHES, FAILS, "1"),
    "persisted": (BLOB_FLUSHES, FAILS, "3"),
    "killed": (BLOB_FLUSHES, KILLS, "3"),
}
"""Of an attachment: its own flush, or the last one, of the folder it was put into."""
NO = {"failed": "503 unavailable.store", "persisted": "503 unavailable.store", "killed": "broken"}
"""What a sender sees whose packet met the fault: never a receipt."""


@pytest.fixture
def at_commit(serving: Serving, cable: Cable | None) -> AtCommit:
    """Puts a fault under the next commit of a running gateway."""
    if cable is None:
        return lambda fault: injected(serving, *FAULTS[fault])
    return lambda fault: cable.cut_at_commit(CUTS[fault], serving.pid if fault == "killed" else 0)


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_attachment_that_was_not_made_durable_is_no_dispatch(
    serving: Serving, tmp_path: Path, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        packet = paper(serving.installation, 1, serving.installation.cast.party, size_bytes=4 * INLINE_BYTES_MAX)
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
async def test_an_admission_whose_commit_failed_is_no_receipt(
    serving: Serving, at_commit: AtCommit, tmp_path: Path, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        packet = paper(serving.installation, 1, serving.installation.cast.party)
        with at_commit(fault):
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
    serving: Serving, at_commit: AtCommit, tmp_path: Path, hub_port: int, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before), hub(hub_port, busy=True) as played:
        packet = paper(serving.installation, 1, serving.installation.cast.hub)
        this.receipted(await submit(serving.installation, packet))
        await until(lambda: bool(played.pushes), "nothing was pushed")
        await settled(serving.installation)
        await this.see()
        with at_commit(fault):
            left = await this.died_or_stopped(packet)
        assert len(played.pushes) == 1
        assert left.attempts == (["deferred"] if fault == "failed" else ["deferred", "open"])
        played.busy = False
        await this.start_again()
        await acknowledged(this, played)
        assert len(played.pushes) == 2
        await this.sound_in_the_end(before + 2 + len(left.attempts))  # deferred, interrupted: each has its entry


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_an_outcome_that_was_not_recorded_is_asked_for_again(
    serving: Serving, at_commit: AtCommit, tmp_path: Path, hub_port: int, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before), hub(hub_port, silent=True) as played:
        packet = paper(serving.installation, 1, serving.installation.cast.hub)
        this.receipted(await submit(serving.installation, packet))
        await until(lambda: bool(played.pushes), "nothing was pushed")
        await settled(serving.installation)
        await this.see()
        with at_commit(fault):
            played.open.set()
            left = await this.died_or_stopped(packet)
        kept = fault != "failed"
        assert (left.statuses, left.attempts) == ((["acknowledged"], ["delivered"]) if kept else (["queued"], ["open"]))
        await this.start_again()
        await acknowledged(this, played)
        assert len(played.pushes) == (1 if kept else 2)
        assert len(set(played.pushes)) == 1
        await this.sound_in_the_end(before + 2 + (not kept))  # what was interrupted has its entry too


@pytest.mark.parametrize("fault", FAULTS)
@awaited
async def test_a_checkpoint_that_was_not_kept_is_not_published(
    serving: Serving, at_commit: AtCommit, tmp_path: Path, fault: str
) -> None:
    async with row(serving, fault, tmp_path) as (this, before):
        party = serving.installation.cast.party
        this.receipted(await submit(serving.installation, paper(serving.installation, 1, party)))
        await settled(serving.installation)
        await this.see()
        packet = paper(serving.installation, 2, party)
        this.receipted(await submit(serving.installation, packet))  # the next checkpoint comes a second after the last
        with at_commit(fault):
            if fault != "killed":
                await until(lambda: serving.readiness()[0] == 503, "the fault did not happen")
                await this.see_nothing_new()
            left = await this.died_or_stopped(packet)
        assert left.entries == before + 2
        # The call that died may be another task's commit: then the checkpoint is not kept, and nobody has seen it.
        assert left.signed - before - 1 in ({0} if fault == "failed" else {0, 1})
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
