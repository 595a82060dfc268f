"""One process at a time: who it is, how it is lost, who comes next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from gateway.exchange import tenure
from gateway.exchange.line import Line, State
from gateway.store import StoreNotice
from gateway.store.leases import GiveLeaseBack, TakeLease, lease
from tests.exchange.conftest import Story
from tests.http.town import awaited

LEASE_S = 2.0
FOR_EVER_S = 10_000.0


@dataclass
class Node:
    """A process as the lease sees it."""

    line: Line
    begun: list[str] = field(default_factory=list)
    """Names of processes, each time one began the duty; shared by the nodes of a test."""
    at_work: int = 0

    async def duty(self) -> None:
        self.begun.append(self.line.name)
        self.at_work += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work -= 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(tenure.run(self.line, {"duty": self.duty}))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def node(story: Story, name: str, begun: list[str], lease_s: float = LEASE_S) -> Node:
    line = story.line
    rules = replace(line.rules, lease_s=lease_s)
    return Node(replace(line, name=name, rules=rules, state=State(line.directory)), begun)


async def until(begun: list[str], count: int) -> None:
    while len(begun) < count:
        await asyncio.sleep(0.01)


async def taken(story: Story, name: str) -> int:
    """Take the lease from whoever has it; the term."""
    while True:
        seen = await story.line.store.read(lease, tenure.NAME)
        if (term := await story.line.store.write(TakeLease(tenure.NAME, name, seen))) is not None:
            return term


@awaited
async def test_of_two_processes_one_does_the_duties_and_gives_them_to_the_other_when_it_stops(story: Story) -> None:
    begun: list[str] = []
    one, two = node(story, "one", begun), node(story, "two", begun)
    async with two.running():
        async with one.running():
            await until(begun, 1)
            await asyncio.sleep(1.5 * LEASE_S)
            assert len(begun) == 1
            assert one.at_work + two.at_work == 1
            first = begun[0]
            if first == "two":
                return  # the other way round is the same
        await until(begun, 2)
    assert begun == ["one", "two"]


@awaited
async def test_the_lease_of_one_that_died_is_taken_over_when_it_has_run_out_and_not_before(story: Story) -> None:
    begun: list[str] = []
    loop, dead = asyncio.get_running_loop(), node(story, "dead", begun)
    turn = tenure.Turn(dead.line)
    died_s = await turn.come()  # and never says another word
    async with node(story, "heir", begun).running():
        await until(begun, 1)
    assert loop.time() - died_s >= LEASE_S


@awaited
async def test_a_process_started_again_takes_up_at_once_what_its_predecessor_held(story: Story) -> None:
    begun: list[str] = []
    await tenure.Turn(node(story, "one", begun, FOR_EVER_S).line).come()
    async with node(story, "one", begun, FOR_EVER_S).running():
        await until(begun, 1)


@awaited
async def test_a_holder_whose_lease_was_taken_stops_and_waits_for_its_turn(story: Story) -> None:
    begun: list[str] = []
    one = node(story, "one", begun)
    async with one.running():
        await until(begun, 1)
        term = await taken(story, "usurper")
        while one.at_work:
            await asyncio.sleep(0.01)
        assert not one.line.state.on_duty
        await story.line.store.write(GiveLeaseBack(tenure.NAME, term))
        await until(begun, 2)
    assert begun == ["one", "one"]


@awaited
async def test_who_cannot_reach_the_store_stops_before_anybody_else_may_begin(story: Story) -> None:
    begun: list[str] = []
    one = node(story, "one", begun)
    turn = tenure.Turn(one.line)
    loop = asyncio.get_running_loop()
    began_s = await turn.come()
    await asyncio.to_thread(story.line.store.close)  # every write is unavailable from now on
    others_may = asyncio.create_task(asyncio.sleep(began_s + LEASE_S - loop.time()))
    stops = asyncio.create_task(turn.pass_by(began_s))
    first, _ = await asyncio.wait({stops, others_may}, return_when=asyncio.FIRST_COMPLETED)
    others_may.cancel()
    assert stops in first


@awaited
async def test_a_duty_that_fails_ends_all_of_them_and_gives_the_lease_back_with_its_reason(story: Story) -> None:
    begun: list[str] = []
    one = node(story, "one", begun)

    async def broken() -> None:
        await until(begun, 1)
        raise StoreNotice("ledger.entry_damaged", index="7")

    with pytest.raises(ExceptionGroup) as ended:
        await tenure.run(one.line, {"duty": one.duty, "broken": broken})
    assert [str(fault) for fault in ended.value.exceptions] == [str(StoreNotice("ledger.entry_damaged", index="7"))]
    assert (one.at_work, one.line.state.on_duty) == (0, False)
    assert (await story.line.store.read(lease, tenure.NAME)).holder is None, "the next need not wait for its end"
