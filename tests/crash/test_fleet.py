"""Several processes on one store, killed in turn: a few times here, fifty by `python -m tests.crash.fleet`."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.client import GatewayClient
from tests.crash.fleet import ANYBODY, NOWHERE, RETURN_S_MAX, SETTINGS, WORKERS, Summary, Workers, nodes, workers
from tests.crash.installation import Installation, found
from tests.crash.parties import ONCE, client, papers
from tests.crash.rows import paper
from tests.crash.spawner import Spawner
from tests.postgres import PostgresServer

pytestmark = pytest.mark.crash

SENDERS, WAITING = 4, 8
AT_ONCE_S, TRIES = 3.0, 5
"""Long polls look after their callers every five seconds, which is no wake-up."""


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


def test_who_waits_in_one_worker_hears_at_once_of_what_came_in_by_another(tmp_path: Path, spawner: Spawner) -> None:
    """And still after one of them died: the others only poll once in a minute here."""
    settings = {**SETTINGS, "server.workers": WORKERS, "delivery.poll_s": 60.0}
    installation = found(tmp_path / "gateway", hub_url=NOWHERE, settings=settings)
    fleet = Workers(installation, spawner)
    try:
        assert heard_at_once(installation)
        fleet.kill(ANYBODY, random.Random(1))
        asyncio.run(fleet.revive())
        assert heard_at_once(installation)
    finally:
        fleet.close()


def heard_at_once(installation: Installation) -> bool:
    """In one of a few tries: a busy machine stands still now and then, a look every five seconds comes every time."""
    return any(max(asyncio.run(heard_after_s(installation))) < AT_ONCE_S for _ in range(TRIES))


async def heard_after_s(installation: Installation) -> list[float]:
    """How long after its receipt each of several waiting connections hears of a document. With eight of them, all in
    one worker would be an accident; on the way they are heard by whichever worker took them."""
    async with AsyncExitStack() as stack:
        peer = installation.cast.party.peer
        waiting = [await stack.enter_async_context(client(installation, peer, ONCE)) for _ in range(WAITING)]
        for item in (await waiting[0].inbox()).deliveries:
            await waiting[0].decline(item.delivery_id, "không nhận")
        sender = await stack.enter_async_context(client(installation, installation.cast.ministry.peer))
        number = time.monotonic_ns() % 1_000_000

        async def wait(one: GatewayClient) -> float:
            assert (await one.inbox(wait_s=30)).deliveries
            return time.monotonic()

        waits = [asyncio.create_task(wait(one)) for one in waiting]
        await asyncio.sleep(0.5)
        assert not any(one.done() for one in waits)
        await sender.submit(paper(installation, number, installation.cast.party).file)
        sent_s = time.monotonic()
        return [heard_s - sent_s for heard_s in await asyncio.gather(*waits)]


def test_workers_are_renewed_one_by_one_and_not_one_submission_fails(tmp_path: Path, spawner: Spawner) -> None:
    installation = found(tmp_path / "gateway", hub_url=NOWHERE, settings={**SETTINGS, "server.workers": WORKERS})
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
