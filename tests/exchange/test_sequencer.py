"""The sequencer: every committed entry comes under a signed checkpoint, and every checkpoint extends those before."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.exchange import proving, register, sequencer
from gateway.exchange.keeping import Keeping
from gateway.exchange.line import Line
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import Checkpoint, Tree, check_case, consistency, leaf_hash, open_checkpoint, verify_consistency
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import queries
from gateway.store.last_signed import LastSigned
from gateway.store.schema import checkpoints
from gateway.store.store import READERS
from tests.exchange.conftest import Story, file_of
from tests.http.town import DEPARTMENT, FAR, PROVINCE, awaited
from tests.store.samples import admit


async def signed(line: Line) -> list[Checkpoint]:
    """Every checkpoint ever signed, in order, its signature verified."""
    notes = await line.store.read(
        lambda connection: connection.execute(select(checkpoints.c.note).order_by(checkpoints.c.size)).scalars().all()
    )
    return [open_checkpoint(note, line.notary.key) for note in notes]


async def check_ledger(line: Line) -> None:
    """Recompute the tree from the entries; every checkpoint fits into it."""
    entries = await line.store.read(queries.entries, 0, 100_000)
    known = await signed(line)
    for one in known:
        grown = Tree().grow(leaf_hash(entry) for entry in entries[: one.size])
        assert grown.tree.root == one.root, "a checkpoint says another tree than the entries make"

    def prove(connection: queries.Connection) -> None:
        def read(level: int, number: int, width: int) -> bytes:
            return queries.tile(connection, level, number, width)

        last = known[-1]
        for one in known:
            proof = consistency(one.size, last.size, read)
            verify_consistency(one.size, one.root, last.size, last.root, proof)

    if known:
        await line.store.read(prove)


@awaited
async def test_every_checkpoint_fits_the_entries_and_extends_those_before(story: Story) -> None:
    for number in range(9):
        for twin in range(number % 4 + 1):
            await story.line.store.write(admit(10 * number + twin))
        await story.sequencer.once()
    await check_ledger(story.line)
    assert [one.size for one in await signed(story.line)] == [1, 3, 6, 10, 11, 13, 16, 20, 21]


@awaited
async def test_nothing_is_signed_where_nothing_waits(story: Story) -> None:
    await story.submit(file_of())
    await story.seal()
    assert not await story.sequencer.once()
    assert len(await signed(story.line)) == 1
    assert story.line.state.unsealed_since is None


@awaited
async def test_a_sequencer_that_starts_anew_goes_on_where_the_last_one_stopped(story: Story) -> None:
    for number in range(3):
        await story.submit(file_of(f"G22.{number}"))
        await Sequencer(story.line).once()
    await check_ledger(story.line)


@awaited
async def test_of_two_sequencers_one_yields_and_the_ledger_stays_one(story: Story) -> None:
    rivals = [Sequencer(story.line) for _ in range(3)]
    for number in range(6):
        await story.line.store.write(admit(number))
        await asyncio.gather(*(rival.once() for rival in rivals))
    await story.seal()
    await check_ledger(story.line)
    assert (await story.line.store.read(queries.ledger_head)).tree_size == 6


@awaited
async def test_a_running_sequencer_seals_within_a_second_of_the_commit(story: Story) -> None:
    running = asyncio.create_task(sequencer.run(story.line))
    try:
        receipt = await story.submit(file_of())
        async with asyncio.timeout(120):
            while (await story.line.store.read(queries.ledger_head)).tree_size <= receipt.ledger_index:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@awaited
async def test_the_case_of_a_dispatch_is_proven_by_the_public_key_alone(story: Story) -> None:
    receipt = await story.submit(file_of(to=(PROVINCE, FAR)))
    await story.seal()
    data = await proving.prove(story.line, story.peer("bo"), receipt.dispatch_id)
    report = check_case(data, story.line.notary.key.vkey)
    assert report.holds, report.wrong
    assert report.receipt is not None and report.receipt.dispatch_id == receipt.dispatch_id
    stranger = replace(story.line.notary.key, public_key=bytes(32)).vkey
    assert not check_case(data, stranger).holds


@awaited
async def test_an_addressee_sees_only_its_own_deliveries_and_a_stranger_nothing(story: Story) -> None:
    receipt = await story.submit(file_of(to=(PROVINCE, DEPARTMENT, FAR)))
    see = register.dispatch
    assert len((await see(story.line, story.peer("bo"), receipt.dispatch_id)).deliveries) == 3
    hub = await see(story.line, story.peer("tinh"), receipt.dispatch_id)
    assert [one.addressee for one in hub.deliveries] == [PROVINCE, DEPARTMENT]
    other = await story.submit(file_of("G22.2", to=(FAR,)))
    told = []
    for dispatch_id in (other.dispatch_id, "0" * 26):
        with pytest.raises(Refused) as no:
            await see(story.line, story.peer("tinh"), dispatch_id)
        told.append(no.value.finding)
    assert told[0] == told[1] and told[0].reason is Reason.NOT_FOUND


@awaited
async def test_changes_come_in_order_and_can_be_resumed_anywhere(story: Story) -> None:
    await story.submit(file_of(to=(PROVINCE, FAR)))
    stream = register.changes(story.line, story.peer("bo"), 0)
    first, second = await anext(stream), await anext(stream)
    resumed = register.changes(story.line, story.peer("bo"), first.id)
    assert await anext(resumed) == second
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.02)
    await story.submit(file_of("G22.2", to=(FAR,)))
    third = await waiting
    assert first.id < second.id < third.id
    assert {first.addressee, second.addressee, third.addressee} == {PROVINCE, FAR}
    assert [one.event for one in (first, second, third)] == ["queued"] * 3


@awaited
async def test_no_reader_and_no_large_packet_keeps_an_entry_from_its_checkpoint(story: Story, tmp_path: Path) -> None:
    """Every reader is busy, and so is every thread that large packets are examined in."""
    line = replace(story.line, keeping=Keeping(last_signed=LastSigned(tmp_path / "ledger.signed")))
    await story.submit(file_of())
    gate, shared = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(shared)
    busy = [asyncio.ensure_future(line.store.read(lambda _: gate.wait(20))) for _ in range(2 * READERS)]
    busy.append(asyncio.ensure_future(asyncio.to_thread(gate.wait, 20)))
    try:
        async with asyncio.timeout(120):
            assert await Sequencer(line).once()
    finally:
        gate.set()
        await asyncio.gather(*busy)
    assert [one.size for one in await signed(line)] == [1]
