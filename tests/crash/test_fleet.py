"""Several processes on one store, killed in turn: a few times here, fifty by `python -m tests.crash.fleet`."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.client import Change
from tests.crash.fleet import ANYBODY, NOWHERE, RETURN_S_MAX, WORKERS, Summary, Workers, nodes, workers
from tests.crash.installation import Installation, found
from tests.crash.parties import ONCE, client, papers
from tests.crash.rows import paper
from tests.crash.spawner import Spawner
from tests.postgres import PostgresServer

pytestmark = pytest.mark.crash

SENDERS, WAITING = 4, 8
HANGS_S = 120.0
"""Nobody who is woken takes so long, however busy the machine; nobody looks by himself so soon."""
RING_AGAIN_S = 5.0


def nothing_happened(summary: Summary, kills: int) -> None:
    assert not summary.faults, summary.faults
    assert sum(summary.killed.values()) == kills
    assert summary.receipted >= 10 * kills
    assert summary.terms >= 2


def test_workers_die_in_turn_and_nobody_loses_anything(tmp_path: Path, spawner: Spawner) -> None:
    nothing_happened(asyncio.run(workers(tmp_path, spawner, kills=2, seed=3)), 2)


@pytest.mark.postgres
def test_nodes_the_lease_holder_and_the_database_die_in_turn_and_nobody_loses_anything(
    tmp_path: Path, spawner: Spawner, postgres: PostgresServer
) -> None:
    nothing_happened(asyncio.run(nodes(tmp_path, spawner, postgres, kills=3, seed=4)), 3)


def test_who_waits_in_one_worker_hears_of_what_came_in_by_another(tmp_path: Path, spawner: Spawner) -> None:
    """And still after one of them died. By themselves they look once in an hour here."""
    settings = {"server.workers": WORKERS, "delivery.poll_s": 3600.0}
    installation = found(tmp_path / "gateway", hub_url=NOWHERE, settings=settings)
    fleet = Workers(installation, spawner)
    try:
        asyncio.run(heard(installation, 1))
        fleet.kill(ANYBODY, random.Random(1))
        asyncio.run(fleet.revive())
        asyncio.run(heard(installation, 1_000))
    finally:
        fleet.close()


async def heard(installation: Installation, first: int) -> None:
    """Several streams hear of one document, and then of a later one: whoever told of the first has read all there was,
    and must be woken. With eight streams, all in one worker would be an accident; on the way they hear by whichever
    worker took them."""
    async with AsyncExitStack() as stack, asyncio.timeout(HANGS_S):
        peer = installation.cast.party.peer
        waiting = [await stack.enter_async_context(client(installation, peer, ONCE)) for _ in range(WAITING)]
        streams = [one.events() for one in waiting]
        sender = await stack.enter_async_context(client(installation, installation.cast.ministry.peer))
        papers_sent = (paper(installation, number, installation.cast.party).file for number in itertools.count(first))
        sent = await sender.submit(next(papers_sent))
        await asyncio.gather(*(_told_of(sent.dispatch_id, stream) for stream in streams))
        woken = asyncio.gather(*(anext(stream) for stream in streams))
        while not woken.done():  # what finds no room on the wire between two workers is dropped
            await sender.submit(next(papers_sent))
            await asyncio.wait({woken}, timeout=RING_AGAIN_S)
        await woken


async def _told_of(dispatch_id: str, stream: AsyncIterator[Change]) -> None:
    while (await anext(stream)).dispatch_id != dispatch_id:
        pass


def test_workers_are_renewed_one_by_one_and_not_one_submission_fails(tmp_path: Path, spawner: Spawner) -> None:
    installation = found(tmp_path / "gateway", hub_url=NOWHERE, settings={"server.workers": WORKERS})
    fleet = Workers(installation, spawner)
    try:
        assert asyncio.run(sent_while_renewed(installation, fleet)) > 20
        assert fleet.parent.stop() == 0
    finally:
        fleet.close()


async def sent_while_renewed(installation: Installation, fleet: Workers) -> int:
    """How many documents were taken in meanwhile. The senders have no patience: an error of any kind is raised."""
    over, supply = asyncio.Event(), papers(installation.cast, random.Random(5))

    async def send() -> int:
        sent = 0
        async with client(installation, installation.cast.ministry.peer, ONCE) as gateway:
            while not over.is_set():
                await gateway.submit(next(supply).file)
                sent += 1
        return sent

    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send()) for _ in range(SENDERS)]
        before = set(fleet.processes().values())
        await asyncio.sleep(0.5)
        os.kill(fleet.parent.pid, signal.SIGHUP)
        until_s = time.monotonic() + RETURN_S_MAX
        while before & (now := set(fleet.processes().values())) or len(now) != WORKERS:
            assert time.monotonic() < until_s, fleet.parent.log
            await asyncio.sleep(0.1)
        over.set()
    return sum(sender.result() for sender in senders)
